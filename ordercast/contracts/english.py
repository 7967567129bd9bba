"""The English of what is told as data: each code with its sentence, in one place. Other languages have catalogues of these."""

from collections.abc import Mapping
from typing import Final

# A code that changes what it says gets another name: what was kept keeps its own.
ENGLISH: Final[Mapping[str, str]] = {
    # Why what a model has learned says nothing about a pair or a product.
    "nothing-known-lately": (
        "nothing is known of the last %(days)s days: a history that has ended is asked as of its last day"
    ),
    "shop-rests": ("the shop had no order for %(days)s days: a history that has ended is asked as of its last day"),
    "knows-what-came-after": "the version learned from what happened before %(until)s, also after the day that is asked for",
    "pair-not-touched": (
        "nothing is known of the account with this product: only pairs with an order, a view or a cart were learned from"
    ),
    "product-not-learned": "product %(product)s was not in what was learned from",
    "never-not-seen": "%(feature)s is never, which was not seen",
    "far-more-than-seen": "%(feature)s is %(value)s, far more than the most that was seen, %(seen)s",
    "far-less-than-seen": "%(feature)s is %(value)s, far less than the least that was seen, %(seen)s",
    "silent-for-longer-than-seen": "%(feature)s is %(value)s, longer than the longest that was seen, %(seen)s",
    # Why a training was not published, beside what the gate found.
    "serving-knows-more": (
        "the version that serves, %(serving)s, knows what happened before %(knows)s, this one only what happened before %(until)s, "
        "so they are not compared; with --publish always it is served all the same"
    ),
    # Which rules asked for a training.
    "rule-of-new-rows": "%(rows)s new rows (rule: %(rule)s)",
    "rule-of-age": "%(days)s days old (rule: %(rule)s)",
    "rule-of-drift": "%(feature)s has drifted by a PSI of %(psi)s (rule: %(rule)s)",
    # How predictions whose days are over have come out.
    "too-few-have-ended": "too few to judge: the days of %(ended)s predictions are over, needed are %(needed)s",
    "better-than-own-rate": ("better than the pair's own rate so far: deviance %(deviance)s against %(naive)s"),
    "no-better-than-own-rate": ("no better than the pair's own rate so far: deviance %(deviance)s against %(naive)s"),
    "intervals-hold": "intervals of %(level)s hold: %(share)s of the quantities lie within",
    "intervals-do-not-hold": "intervals of %(level)s do not hold: %(share)s of the quantities lie within",
    "intervals-too-long": "intervals of %(level)s are longer than need be: %(share)s would lie within if they were a piece shorter",
    # What is not there.
    "no-order": "there is no order %(order)s",
    "no-product": "there is no product %(product)s",
    "no-product-of-sku": "there is no product with the SKU %(sku)s",
    "no-account": "there is no account %(account)s",
    "no-api-key": "there is no API key %(key)s",
    "no-review": "product %(product)s has no review %(review)s",
    "no-dead-letter": "there is no dead letter %(id)s among the last %(newest)s, or those that have %(mb)s MB",
    "no-training": "there is no training %(training)s",
    "no-version": "no model version %(version)s was published",
    "no-features": "account %(account)s has neither seen nor ordered product %(product)s",
    "not-your-account": "account %(account)s is not yours or does not exist",
    # What may not be done.
    "only-these-roles": "only these roles may do this: %(roles)s",
    "not-this-role": "the role %(role)s may not do this",
    "no-api-key-may": "no API key may do this: log in",
    "lacks-scope": "the API key lacks the scope %(scope)s",
    "not-others-orders": "a customer may not see another account's orders",
    "no-admin-any-more": "only an admin may do this, which the caller no longer is",
    "not-your-review": "only its author, an operator or an admin may change a review",
    "order-it-first": "order the product first",
    "change-your-review": "change the review that you wrote before",
    # Accounts.
    "wrong-log-in": "email or password are wrong",
    "blocked-by-admin": "an admin has blocked this account",
    "old-password-wrong": "the old password is wrong",
    "password-wrong": "the password is wrong",
    "code-not-valid": "the code is not valid (any more); ask for another one",
    "no-password-to-reset": "the account has no password that could be reset",
    "account-erased": "the account was erased: it stays as it is",
    "account-changed": "somebody else changed the account meanwhile: read it again",
    "admin-without-password": "the account has no password to log in with, so it cannot be an admin",
    "last-admin": "the last admin can neither be blocked, demoted nor erased; make another one first",
    "log-ins-of-email-failed": "%(quota)s log-ins of this email may fail in a minute",
    "log-ins-from-address-failed": "%(quota)s log-ins from this address may fail in a minute",
    "log-ins-of-email": "%(quota)s log-ins a minute are allowed of this email; refresh the tokens",
    "log-ins-from-address": "%(quota)s log-ins a minute are allowed from this address",
    "email-taken": "email taken",
    "nickname-taken": "nickname taken",
    "email-and-nickname-taken": "email and nickname taken",
    "role-has-no-such-scope": "the role %(role)s may do nothing with %(scopes)s",
    "too-many-keys": "the account has %(keys)s keys; revoke one that is no longer used",
    "key-ended": "the key was revoked or has ended; make another one",
    "account-blocked": "the account is blocked",
    # Orders, products and views.
    "order-not-so": "order %(order)s is %(status)s; this takes one that is %(takes)s",
    "no-such-line": "the order has no such line",
    "less-is-left": "less is left of a line than is to be cancelled",
    "key-in-flight": "a request with this Idempotency-Key is in flight",
    "period-is-empty": "%(later)s must lie after %(earlier)s",
    "period-ends-too-early": "the period ends before it begins",
    "period-too-long": "at most %(days)s days at once",
    "product-changed": "somebody else changed the product meanwhile: read it again",
    "sku-taken": "the SKU belongs to another product",
    "too-many-orders": "too many orders wait to be written; try again in a moment",
    "too-many-passwords": "too many passwords wait to be checked; try again in a moment",
    "too-many-views": "too many views wait to be published; try again in a moment",
    "import-overtaken": "another import writes the same orders at the same moment",
    "view-of-no-product": "the view names a product that does not exist",
    "kafka-too-slow": "Kafka did not give the records in time",
    "too-often": "at most %(quota)s of these are allowed in a minute",
    "too-many-at-once": "at most %(most)s of these may run at once",
    "password-too-short": "the password must have %(length)s characters at least",
    "password-is-a-name": "the password must not be the account's email or nickname",
    "password-easily-guessed": (
        "the password is easily guessed: a common one, or made of common words, names, repetitions or sequences"
    ),
    "item-of-no-product": "an item names a product that does not exist",
    "item-not-sold": "an item names a product that is not sold at present",
    "items-of-several-currencies": "an order has one currency, the products have %(currencies)s",
    "nothing-at-this-path": "there is nothing at this path",
    "another-method": "the header Allow says what can be done at this path",
    "too-many-bytes": "at most %(most)s bytes are accepted here",
    # Dead letters.
    "letter-just-changed": "somebody else has just changed it",
    "letter-replayed": "it was replayed already",
    "letter-discarded": "it was discarded, so that no replay counts any more",
    "letter-counted": "it was counted without a replay",
    "letter-too-large": "it was too large to be kept whole",
    # Models, trainings and predictions.
    "no-model-of": (
        "none of the recipe %(recipe)s: train one with `ordercast train --recipe %(recipe)s` or POST /trainings; "
        "if one was trained, `ordercast trainings list` or GET /trainings says whether it was rejected, and "
        "`ordercast models list` or GET /models what was published and why it is not served"
    ),
    "no-model-at-all": "none of the recipes %(recipes)s: train one with `ordercast train` or POST /trainings",
    "activity-not-read": "the activity of the shop is being read, or the database is away",
    "day-in-the-future": "%(day)s lies in the future: today is %(today)s (UTC)",
    "nothing-known-then": "nothing was known then: the first event is of %(day)s",
    "another-horizon": "the version that is served answers for %(served)s days, not for %(asked)s",
    "not-of-baseline": "baseline has no %(name)s: it answers from the views so far",
    "too-many-batches": "too many batches wait to be computed; try again in a moment",
    "files-damaged": "the files of %(version)s are gone or damaged",
    "files-damaged-or-foreign": "the files of %(version)s are gone or damaged, or of a recipe of another release",
    "recipe-not-served": "%(version)s is of the recipe %(recipe)s, which this release does not serve",
    "demand-alone-looked-after": "%(version)s is of the recipe %(recipe)s: demand alone is looked after",
    "not-signed": "it is not signed by the trainer; if it is known to be good: ordercast models sign",
    "signature-of-another": "its signature is not the trainer's, or is of another manifest",
    "training-ended": "training %(training)s has %(status)s already",
    "too-many-trainings": "%(waiting)s trainings wait already: cancel some, or come again when they have run",
    "training-too-large": (
        "%(members)s members x %(epochs)s epochs x %(questions)s questions x %(rows)s rows are %(work)s, "
        "and at most %(most)s are allowed (ORDERCAST_TRAINING_WORK)"
    ),
    "not-of-recipe": "the recipe %(recipe)s has no %(name)s; `demand` has",
    "must-be-one-of": "%(name)s must be one of %(values)s, not %(given)s",
    "no-recipe": "there is no recipe %(recipe)s; known are: %(known)s",
    "must-be-from-to": "%(name)s must be from %(least)s to %(most)s, not %(given)s",
    "until-from-to": "until must be from %(first)s to %(tomorrow)s, which is tomorrow (UTC), not %(given)s",
    # Why a row of a file does not come in.
    "no-value": "no %(name)s",
    "too-long": "%(name)s is longer than %(most)s characters",
    "odd-characters": "%(name)s has control characters, or more than one line",
    "no-currency-code": "%(name)s %(text)s is no code of ISO 4217, such as EUR",
    "no-number": "%(name)s is no number",
    "no-whole-number": "%(name)s is no whole number",
    "no-whole-number-from-to": "%(name)s is no whole number from %(least)s to %(most)s",
    "cancellation-not-negative": "%(name)s of a cancellation is not negative",
    "zero-or-less": "%(name)s is zero or less",
    "less-than-zero": "%(name)s is less than zero",
    "more-than": "%(name)s is more than %(most)s",
    "too-many-decimals": "%(name)s has more than %(most)s decimals",
    "no-time": "%(name)s is no date and time",
    "time-without-zone": "%(name)s says no time zone",
    "left-out-hour": "%(name)s is in the hour that summer time leaves out",
    "other-number-of-cells": "the row has %(cells)s cells, the header %(header)s",
    "no-text": "bytes that are no text of the file's encoding, or a NUL character",
    "is-and-not": "%(name)s is %(text)s, not %(wanted)s",
    "is-zero": "%(name)s is 0",
    "neither-yes-nor-no": "%(name)s %(text)s is neither yes nor no",
    "no-known-status": "%(name)s %(text)s is no status that is known",
    "no-order-of-the-api": "no order: it needs order_ref, account_ref, occurred_at and items of sku, quantity, unit_price",
    "no-order-of-the-api-at": (
        "no order: it needs order_ref, account_ref, occurred_at and items of sku, quantity, unit_price; look at %(place)s"
    ),
    "too-many-items": "the order has more than %(most)s items",
    "another-row-refused": "another row of its order is refused",
    "an-adjustment": "an adjustment, not an order",
    "exact-duplicate": "exact duplicate",
    "differs-in-the-order": "another %(name)s than the rest of the order",
    "other-reasons": "other reasons",
    # Why the API refuses a line.
    "no-account-with-id": "there is no account with the id %(account)s",
    "no-account-called": "there is no account with the reference or the email address %(name)s (an id is given as a number)",
    "no-product-called": "there is no product with the sku %(sku)s",
    "no-product-called-nor-currency": "there is no product with the sku %(sku)s, and no currency to create it with",
    "product-needs-currency": "to create the product %(sku)s, its currency is needed: in the line, or as ?currency= for all",
    "several-currencies": "an order has one currency, its products have %(currencies)s",
    "time-in-the-future": "%(name)s lies more than a day in the future",
    "time-before-1970": "%(name)s lies before 1970",
    "known-with-other-content": "the order_ref is known with other content: %(differences)s",
    "cancellation-stays": (
        "the order_ref is known with other content: %(differences)s; a cancellation "
        "cannot be replaced, since what it took back cannot be ordered anew"
    ),
    # What a file leaves open, and how to say it.
    "columns-of-one-name": "several columns are called %(name)s",
    "rename-columns": "rename in the file those that are not meant",
    "no-such-column": "there is no column %(column)s to be %(field)s",
    "no-column-to-group-by": "there is no column %(column)s to group by",
    "there-are-columns": "there are: %(names)s",
    "fields-without-column": "no column is known to be %(fields)s; there are: %(names)s",
    "map-all-columns": "%(options)s; fields: %(fields)s",
    "no-one-word-of-orders": (
        "%(name)s tells views or carts, and which word of it is an order is not known: %(words)s"
    ),
    "say-word-of-orders": "say which rows are orders, such as --kind bought=order",
    "no-row-says": "no row says %(word)s in a column %(names)s",
    "look-how-it-is-written": "look how the file writes it",
    "zone-not-said": "%(name)s has times without a zone, such as %(example)s",
    "say-zone": "say where the shop's clock hangs, such as --zone Asia/Seoul",
    "currency-not-said": "the file does not say its currency",
    "say-currency": "say it, such as --currency EUR, or --map currency=COLUMN",
    "currency-is-none": "%(currency)s is no currency",
    "say-currency-code": "say its code of ISO 4217, such as --currency EUR",
    "no-such-zone": "there is no time zone %(zone)s",
    "names-of-zones": "names are like Europe/Berlin",
    "day-or-month-first": "nothing tells the day from the month in times such as %(example)s",
    "say-day-or-month": "say --dayfirst or --monthfirst",
    "decimals-unclear": "numbers such as %(examples)s can be read in two ways",
    "say-decimals": "say --decimal-point or --decimal-comma",
}
