"""What every service may answer."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

MALFORMED_BODY: Final = ProblemType(
    "malformed-body",
    400,
    "The body cannot be read",
    "The body is not the JSON, or not the UTF-8, that its `Content-Type` announces, or it names a key twice.",
    "Send the body again as a JSON encoder writes it. `detail` says at which character reading ended.",
)
INVALID_REQUEST: Final = ProblemType(
    "invalid-request",
    422,
    "The request is not valid",
    "A field of the body, a parameter or a header is missing, unknown or out of bounds.",
    "Correct the fields that `errors` names. The service's `/docs` has each field with its bounds.",
)
NOT_AUTHENTICATED: Final = ProblemType(
    "not-authenticated",
    401,
    "A valid access token is needed",
    "There was no token or API key, or it has expired, was revoked or was signed by somebody else.",
    "Send `Authorization: Bearer` with an API key or with a token of `POST /auth/token`; when it is over, with one of "
    "`POST /auth/refresh`.",
)
FORBIDDEN: Final = ProblemType(
    "forbidden",
    403,
    "Not allowed",
    "The caller is known, but the role of the account, or the scopes of the API key, do not allow this.",
    "Ask with an account or key that may; `detail` names the roles or the scope. An admin gives roles with "
    "`PATCH /accounts/{account_id}`.",
)
NOT_FOUND: Final = ProblemType(
    "not-found",
    404,
    "Not Found",
    "The service has nothing at this path.",
    "Compare the path with the service's `/docs`. Each service has its own paths, and none ends with a slash.",
)
METHOD_NOT_ALLOWED: Final = ProblemType(
    "method-not-allowed",
    405,
    "Method Not Allowed",
    "The path exists, but not for this method.",
    "Use one of the methods that the header `Allow` names.",
)
REQUEST_TIMEOUT: Final = ProblemType(
    "request-timeout",
    408,
    "The request has not come in time",
    "The connection was open, but the headers or the body came too slowly. The connection is closed.",
    "Send the request again on a new connection; a large body is better sent in parts.",
)
CONTENT_TOO_LARGE: Final = ProblemType(
    "content-too-large",
    413,
    "The body is too large",
    "The body, unpacked if it came packed, is longer than this path takes.",
    "Send less at once: `detail` says how many bytes are accepted. Orders and products in bulk go to the imports.",
)
URL_TOO_LONG: Final = ProblemType(
    "url-too-long",
    414,
    "The URL is too long",
    "The request's first line is longer than any that the service has a use for. The connection is closed.",
    "Shorten the query; what is long belongs into a body.",
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemType(
    "unsupported-media-type",
    415,
    "The body's type is not accepted here",
    "The header `Content-Type` or `Content-Encoding` is missing, or names something that this path does not read.",
    "Send the type that the service's `/docs` names, mostly `Content-Type: application/json`.",
)
HEADERS_TOO_LARGE: Final = ProblemType(
    "headers-too-large",
    431,
    "The headers are too large",
    "The request has too many headers, or they are too long together. The connection is closed.",
    "Leave out headers that the service has no use for, such as cookies.",
)
MALFORMED_REQUEST: Final = ProblemType(
    "malformed-request",
    400,
    "The request cannot be read",
    "What came is no request of HTTP/1.1. The connection is closed.",
    "Ask with an HTTP library, and plain `http` or `https` as the address says.",
)
TOO_MANY_REQUESTS: Final = ProblemType(
    "too-many-requests",
    429,
    "Too many requests",
    "The account, or the network address without one, has asked for this as often, or as many times at once, as is allowed.",
    "Wait as many seconds as `Retry-After` says. `RateLimit` tells with each answer what is left.",
    retry_after=60,
)
CONNECTIONS_OF_ADDRESS: Final = ProblemType(
    "too-many-connections-of-an-address",
    429,
    "The address has too many connections",
    "The network address has as many connections open as one may have.",
    "Use connections again in place of opening one for each request, and close those that are done with.",
    retry_after=1,
)
TOO_MANY_CONNECTIONS: Final = ProblemType(
    "too-many-connections",
    503,
    "There are too many connections",
    "All callers together have as many connections open as the process serves.",
    "Try again after `Retry-After`. If it goes on, its keeper has to start more processes.",
    retry_after=1,
)
INTERNAL_ERROR: Final = ProblemType(
    "internal-error",
    500,
    "Something went wrong on our side",
    "The service met an error that it does not know. It is in its log.",
    "Tell the service's keeper the `trace_id` of the answer. Repeat an order only with the same `Idempotency-Key`: it may have "
    "been placed.",
)
# One second: a restarted database or broker is back within a few, and clients that all wait longer come in waves.
UNAVAILABLE: Final = ProblemType(
    "unavailable",
    503,
    "Something that this needs is not there",
    "The database, the broker or another part that the request needs did not answer, or the service is stopping.",
    "Try again after `Retry-After`, orders and views with the same `Idempotency-Key`. `/readyz` names the part that is missing.",
    retry_after=1,
)
NOT_READY: Final = ProblemType(
    "not-ready",
    503,
    "The service is not ready",
    "A part that the service's requests need is not there; `checks` has the reason for each.",
    "Start or repair what `checks` names. The service looks again by itself.",
    retry_after=1,
)

# Answered by the connection (services/shared/serving), before any route sees the request.
BEFORE_ANY_ROUTE: Final = (
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    URL_TOO_LONG,
    CONNECTIONS_OF_ADDRESS,
    HEADERS_TOO_LARGE,
    TOO_MANY_CONNECTIONS,
)
# Answered where no route fits, so no route names them.
WITHOUT_A_ROUTE: Final = (NOT_FOUND, METHOD_NOT_ALLOWED)
