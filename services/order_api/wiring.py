"""Opens and closes all that order_api uses, and nowhere else."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request

from ordercast.contracts.limits import MAX_BATCH_LINES
from ordercast.services.order_api.accounts.limit_failed_log_ins import LimitFailedLogIns
from ordercast.services.order_api.accounts.limit_log_ins import LimitLogIns
from ordercast.services.order_api.accounts.log_in import LogIn
from ordercast.services.order_api.accounts.passwords import Passwords, open_passwords
from ordercast.services.order_api.accounts.reset_password import ResetPassword
from ordercast.services.order_api.audit.record_failures import RecordFailures
from ordercast.services.order_api.dead_letters.read_dead_letters import ReadDeadLetters
from ordercast.services.order_api.dead_letters.repair import RepairDeadLetters
from ordercast.services.order_api.feed.bound_streams import BoundStreams
from ordercast.services.order_api.feed.follow_events import FollowEvents
from ordercast.services.order_api.orders.change_order import ChangeOrder
from ordercast.services.order_api.orders.find_published import FindPublished
from ordercast.services.order_api.orders.group_commit import GroupCommit, open_group_commit
from ordercast.services.order_api.orders.idempotency import KeyedAnswer
from ordercast.services.order_api.orders.import_orders import ImportOrders
from ordercast.services.order_api.orders.place_orders import OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.read_journey import ReadJourney
from ordercast.services.order_api.pairs.verify_pair import VerifyPair
from ordercast.services.order_api.products.read_products import ProductPage
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.order_api.trends.answers import TrendsAnswer
from ordercast.services.order_api.views.limit_views import ViewLimits
from ordercast.services.order_api.views.record_views import MAX_CUSTOMERS_COUNT, RecordViews
from ordercast.services.order_api.views.send_views import open_send_views
from ordercast.services.shared.db.engine import Sessions, ask_database, open_database
from ordercast.services.shared.http.api_keys import ApiKeys
from ordercast.services.shared.http.follow_ended_tokens import follow_ended_tokens
from ordercast.services.shared.http.follow_token_keys import follow_token_keys
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.shared_answers import SharedAnswers
from ordercast.services.shared.http.token_keys import jwk_of, load_private_key, load_verifying_keys
from ordercast.services.shared.http.tokens import TokenSigner, TokenVerifier
from ordercast.services.shared.kafka.open_consumer import open_feed_reader, open_reader
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.read_dead_letters import newest_dead_letters
from ordercast.services.shared.kafka.topic_ends import find_offsets, log_bounds
from ordercast.services.shared.process.background import running_beside

# Whoever waits longer (s) for one of few connections is told to come again: else those who wait become more and more.
READING_TIMEOUT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class OrderApi:
    """What the routes use; at `app.state.service`."""

    sessions: Sessions
    reading: Sessions  # for what anybody may ask, and for sums over many rows: with connections of its own
    product_pages: SharedAnswers[ProductPage]
    trends: SharedAnswers[TrendsAnswer]
    verifier: TokenVerifier
    api_keys: ApiKeys
    passwords: Passwords
    log_in: LogIn
    reset_password: ResetPassword
    failed_log_ins: LimitFailedLogIns
    log_in_limits: LimitLogIns
    place_orders: GroupCommit[OrderRequest, KeyedAnswer]
    change_order: ChangeOrder
    import_orders: ImportOrders
    read_journey: ReadJourney
    record_views: RecordViews
    view_limits: ViewLimits
    follow_events: FollowEvents
    webhook_private_addresses: bool
    read_dead_letters: ReadDeadLetters
    repair_dead_letters: RepairDeadLetters
    verify_pair: VerifyPair
    partitions: int  # of orders, views and predictions
    checks: Mapping[str, Check]


@asynccontextmanager
async def open_order_api(settings: OrderApiSettings) -> AsyncIterator[OrderApi]:
    """Everything, ready to serve. Neither PostgreSQL nor Kafka has to be there yet: /readyz tells when they are.

    Raises:
        CannotStart: a token key is missing or damaged.
    """
    private_key = load_private_key(settings.token_private_key_file)
    verifier = TokenVerifier(load_verifying_keys(settings.token_public_key_file))
    partitions = settings.partitions
    view_limits = ViewLimits.of(
        settings.part_of_limit(settings.customer_views_per_minute, least=MAX_CUSTOMERS_COUNT),
        settings.part_of_limit(settings.customer_view_lines_per_minute, least=MAX_BATCH_LINES),
    )
    open_views_publisher = partial(open_publisher, settings.kafka_bootstrap, client_id="order_api-views")
    async with (
        open_database(
            settings.database_url, application="order_api", pool_size=settings.database_pool_size
        ) as sessions,
        open_database(
            settings.database_url,
            application="order_api-reading",
            pool_size=settings.reading_pool_size,
            pool_timeout_s=READING_TIMEOUT_S,
        ) as reading,
        open_passwords(settings.password_threads, min_length=settings.password_min_length) as passwords,
        open_group_commit(PlaceOrders(sessions, partitions=partitions)) as place_orders,
        open_send_views(open_views_publisher, partitions=partitions) as send_views,
        running_beside(partial(follow_ended_tokens, sessions, verifier), name="follow-ended-tokens"),
        running_beside(partial(follow_token_keys, settings.token_public_key_file, verifier), name="follow-token-keys"),
    ):
        failures = RecordFailures(sessions)
        read_dead_letters = ReadDeadLetters(sessions, partial(newest_dead_letters, settings.kafka_bootstrap))
        failed_log_ins = LimitFailedLogIns(
            settings.part_of_limit(settings.failed_log_ins_per_minute),
            settings.part_of_limit(settings.address_failed_log_ins_per_minute),
        )
        yield OrderApi(
            sessions=sessions,
            reading=reading,
            product_pages=SharedAnswers(),
            trends=SharedAnswers(),
            verifier=verifier,
            api_keys=ApiKeys(sessions),
            passwords=passwords,
            log_in=LogIn(
                sessions,
                passwords,
                TokenSigner(private_key, key_id=jwk_of(private_key.public_key())["kid"]),
                failures,
                lifetime=timedelta(days=settings.log_in_days),
            ),
            reset_password=ResetPassword(
                sessions, passwords, failures, lifetime=timedelta(minutes=settings.reset_code_minutes)
            ),
            failed_log_ins=failed_log_ins,
            log_in_limits=LimitLogIns(
                settings.part_of_limit(settings.log_ins_per_minute),
                settings.part_of_limit(settings.address_log_ins_per_minute),
                failed_log_ins,
            ),
            place_orders=place_orders,
            change_order=ChangeOrder(sessions, partitions=partitions),
            import_orders=ImportOrders(sessions, partitions=partitions),
            read_journey=ReadJourney(
                reading,
                FindPublished(
                    partial(open_feed_reader, settings.kafka_bootstrap),
                    partial(log_bounds, settings.kafka_bootstrap),
                ),
                partitions=partitions,
            ),
            record_views=RecordViews(sessions, send_views, view_limits),
            view_limits=view_limits,
            follow_events=FollowEvents(
                partial(open_feed_reader, settings.kafka_bootstrap),
                partial(find_offsets, settings.kafka_bootstrap),
                BoundStreams(in_all=settings.event_streams, of_caller=settings.account_event_streams),
                partitions=partitions,
            ),
            webhook_private_addresses=settings.webhook_private_addresses,
            read_dead_letters=read_dead_letters,
            repair_dead_letters=RepairDeadLetters(
                sessions,
                read_dead_letters,
                partial(open_publisher, settings.kafka_bootstrap, client_id="order_api-replays"),
                partitions=partitions,
            ),
            verify_pair=VerifyPair(
                reading,
                lambda partitions, positions: open_reader(
                    settings.kafka_bootstrap, partitions, read_positions=positions
                ),
                partial(find_offsets, settings.kafka_bootstrap),
                partitions=partitions,
            ),
            partitions=partitions,
            checks={
                "database": Check(partial(ask_database, sessions)),
                # Orders are taken without a broker; only views need it.
                "kafka": Check(send_views.ask_broker, required=False),
            },
        )


async def _service(request: Request) -> OrderApi:  # async: FastAPI runs plain functions in a thread
    service: OrderApi = request.app.state.service
    return service


CurrentService = Annotated[OrderApi, Depends(_service)]
