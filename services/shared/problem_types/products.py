"""What is answered about products, their reviews and the trends."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

PRODUCT_NOT_FOUND: Final = ProblemType(
    "product-not-found",
    404,
    "There is no such product",
    "No product has this id or SKU.",
    "`GET /products` lists all that there are.",
)
SKU_TAKEN: Final = ProblemType(
    "sku-taken",
    409,
    "The SKU is taken",
    "Another product has this SKU.",
    "Change that product, which `GET /products/by-sku/{sku}` shows, or choose another SKU.",
)
PRODUCT_CHANGED: Final = ProblemType(
    "product-changed",
    412,
    "Somebody else changed the product",
    "The product is no longer as `If-Match` names it: nothing was changed.",
    "Read the product again, and send the change with the new `ETag` if it is to hold all the same.",
)
REVIEW_NOT_FOUND: Final = ProblemType(
    "review-not-found",
    404,
    "There is no such review",
    "The product has no review with this id.",
    "`GET /products/{product_id}/reviews` lists its reviews.",
)
NOT_YOUR_REVIEW: Final = ProblemType(
    "not-your-review",
    403,
    "The review is another's",
    "Somebody else wrote the review.",
    "Change or delete reviews of your own only.",
)
NOT_ORDERED: Final = ProblemType(
    "not-ordered",
    403,
    "Only who ordered a product may review it",
    "The account has not ordered the product.",
    "Order it first, or review with the account that did.",
)
ALREADY_REVIEWED: Final = ProblemType(
    "already-reviewed",
    409,
    "The product was reviewed before",
    "An account reviews a product once.",
    "Change the review that is there with `PATCH`.",
)
INVALID_PERIOD: Final = ProblemType(
    "invalid-period",
    422,
    "The period is not valid",
    "The days asked for are the wrong way round, or too many.",
    "Ask for fewer days, the first one first. `errors` names the field.",
)
