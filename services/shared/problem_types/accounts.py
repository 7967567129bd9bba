"""What is answered about accounts, log-ins and API keys."""

from typing import Final

from ordercast.services.shared.problem_types.problem_type import ProblemType

UNKNOWN_ACCOUNT: Final = ProblemType(
    "unknown-account",
    401,
    "The account does not exist",
    "The token is good, but its account is not in this database.",
    "Log in again. A token of another installation is good for nothing here, even if both share a key.",
)
ACCOUNT_TAKEN: Final = ProblemType(
    "account-taken",
    409,
    "Email or nickname are taken",
    "Another account has the email or the nickname.",
    "Choose another one, or log in to the account that is there.",
)
ACCOUNT_NOT_FOUND: Final = ProblemType(
    "account-not-found",
    404,
    "There is no such account",
    "No account has this id, or it is not the caller's own: which of both, nobody is told.",
    "Ask for your own account, which `GET /accounts/me` names, or with a role that sees all.",
)
ACCOUNT_CHANGED: Final = ProblemType(
    "account-changed",
    412,
    "Somebody else changed the account",
    "The account's role, or whether it is blocked, is no longer as `If-Match` names it: nothing was changed.",
    "Read the account again, and send the change with the new `ETag` if it is to hold all the same.",
)
ACCOUNT_BLOCKED: Final = ProblemType(
    "account-blocked",
    403,
    "The account is blocked",
    "An admin has blocked the account.",
    "Ask an admin of the shop to allow it again.",
)
LAST_ADMIN: Final = ProblemType(
    "last-admin",
    409,
    "An admin has to be left",
    "Without this account nobody could do what admins do.",
    "Make another account an admin first.",
)
ACCOUNT_ERASED: Final = ProblemType(
    "account-erased",
    409,
    "The account was erased",
    "The personal data of the account were erased. Nothing of it changes any more.",
    "Sign up anew. An erasure cannot be undone.",
)
ACCOUNT_WITHOUT_LOGIN: Final = ProblemType(
    "account-without-login",
    409,
    "The account cannot log in",
    "The account has no password: it came with an import.",
    "Choose an account that somebody signed up with.",
)
WEAK_PASSWORD: Final = ProblemType(
    "weak-password",
    422,
    "The new password is too weak",
    "The new password is too short, or easily guessed.",
    "Choose a longer one that is not a common word, nor made of the email or nickname. `errors` names the reason.",
)
WRONG_PASSWORD: Final = ProblemType(
    "wrong-password",
    422,
    "The password is wrong",
    "The password that is to be changed is another one.",
    "Send the current password. Whoever has forgotten it asks an admin for a code to reset it.",
)
INVALID_CREDENTIALS: Final = ProblemType(
    "invalid-credentials",
    401,
    "The log-in failed",
    "Email or password are wrong; which one, nobody is told.",
    "Check both. Whoever has forgotten the password asks an admin for a code to reset it.",
)
INVALID_RESET_CODE: Final = ProblemType(
    "invalid-reset-code",
    422,
    "The code is not valid",
    "The code is not the one that the account's password can be reset with: mistyped, used, replaced or too old.",
    "Ask an admin for a new code.",
)
TOO_MANY_LOG_INS: Final = ProblemType(
    "too-many-log-ins",
    429,
    "Too many log-ins have failed",
    "So many log-ins have failed that no more are tried for a moment.",
    "Wait as many seconds as `Retry-After` says, and check the password meanwhile.",
    retry_after=60,
)
LOG_INS_TOO_FREQUENT: Final = ProblemType(
    "log-ins-too-frequent",
    429,
    "The account logs in too often",
    "The account has logged in as often as one may in a minute.",
    "Keep the token until it expires and renew it with `POST /auth/refresh`. Programs use an API key.",
    retry_after=60,
)
INVALID_REFRESH_TOKEN: Final = ProblemType(
    "invalid-refresh-token",
    401,
    "The refresh token is not valid",
    "The refresh token is unknown, expired or used before, or its log-in has ended.",
    "Log in again, and keep the newest refresh token alone: each is good once.",
)
API_KEY_NOT_FOUND: Final = ProblemType(
    "api-key-not-found",
    404,
    "There is no such API key",
    "No API key has this id, or it is another's.",
    "`GET /api-keys` lists your own keys.",
)
API_KEY_ENDED: Final = ProblemType(
    "api-key-ended",
    409,
    "The API key is good no more",
    "The key was revoked, or its time is over.",
    "Make a new one with `POST /api-keys`.",
)
SCOPE_NOT_ALLOWED: Final = ProblemType(
    "scope-not-allowed",
    422,
    "The account may do nothing with this scope",
    "A key cannot allow what its account may not do.",
    "Leave out the scopes that `errors` names, or make the key with an account of another role.",
)
TOO_MANY_API_KEYS: Final = ProblemType(
    "too-many-api-keys",
    409,
    "The account has too many API keys",
    "The account has as many good keys as one may have.",
    "Revoke one that is not used any more with `DELETE /api-keys/{key_id}`.",
)
