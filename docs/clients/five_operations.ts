// five_operations.js EMAIL PRODUCT: signs up, logs in, orders the product, lists the orders, and asks for a prediction.
//
// With the types that openapi-typescript makes of the services' documents; README.md says how.
import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { paths as OrderApi } from "./order_api.js";
import type { paths as Predictor } from "./predictor.js";

const PASSWORD = "a long enough password";
const orderApi = createClient<OrderApi>({ baseUrl: process.env.ORDER_API ?? "http://127.0.0.1:8000" });
const predictor = createClient<Predictor>({ baseUrl: process.env.PREDICTOR ?? "http://127.0.0.1:8002" });

/** What was asked for; a problem ends the program with its title and the address of its page. */
function expected<Data>(answer: { data?: Data; error?: { type?: string; title: string } }): Data {
  if (answer.data === undefined) throw new Error(`${answer.error?.title} (${answer.error?.type})`);
  return answer.data;
}

const [email = "", product = ""] = process.argv.slice(2);
const nickname = email.split("@")[0] ?? "";
const account = expected(await orderApi.POST("/accounts", { body: { email, nickname, password: PASSWORD } }));
console.log("account", account.id);

const grant = { grant_type: "password", username: email, password: PASSWORD } as const;
const headers = { "Content-Type": "application/x-www-form-urlencoded" };
const token = expected(await orderApi.POST("/auth/token", { body: grant, headers })).access_token;
orderApi.use({
  onRequest({ request }) {
    request.headers.set("Authorization", `Bearer ${token}`);
  },
});

const body = { items: [{ product_id: Number(product), quantity: 3 }] };
const key = { header: { "idempotency-key": randomUUID() } };
const order = expected(await orderApi.POST("/orders", { params: key, body }));
console.log("order", order.id, order.total, order.currency);

const { data: orders } = expected(await orderApi.GET("/orders"));
console.log("orders", ...orders.map((each) => each.id));

const asked = await predictor.GET("/predictions", { params: { query: { view_count: 5000 } } });
console.log("quantity", expected(asked).quantity);
