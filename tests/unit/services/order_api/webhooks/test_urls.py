"""Which URLs a webhook may have."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.errors import WebhookUrlRefused
from ordercast.services.order_api.webhooks.addresses import is_public
from ordercast.services.order_api.webhooks.urls import expect_good_url, host_of


@pytest.mark.parametrize(
    "url",
    ["https://shop.example/hook", "https://shop.example:8443/a?b=c", "https://1.1.1.1/", "https://[2606:4700::1]/"],
)
def test_public_urls_with_https_are_good(url: str) -> None:
    expect_good_url(url, private=False)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://shop.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/",
        ),
        *("https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://192.168.1.1:8443/x"),
        *("https://2130706433/", "https://0x7f.1/", "https://0x7f000001/", "https://017700000001/", "https://127.1/"),
        *("https://0177.0.0.1/", "https://127.0.0.1./", "https://0/", "https://0xa9fea9fe/", "https://2852039166/"),
        *(
            "https://[::ffff:a9fe:a9fe]/",
            "https://[::7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
        ),
        *("https://localhost/", "https://LOCALHOST.:8443/", "https://shop.localhost/", "https://postgres:5432/"),
    ],
)
def test_without_tls_or_to_private_addresses_only_where_a_setting_allows(url: str) -> None:
    with pytest.raises(WebhookUrlRefused) as refused:
        expect_good_url(url, private=False)
    assert refused.value.fields.keys() == {"url"}
    expect_good_url(url, private=True)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        *("ftp://shop.example/", "shop.example/hook", "https://", "https:///hook", "https://user:pw@shop.example/", ""),
        *("https://shop.example/#part", "https://shop.example/a b", "https://shöp.example/", "https://shop.example:x/"),
        *("https://[::1/", "https://shop.example:70000/", "https://shop.example\\@127.0.0.1/", "file:///etc/passwd"),
        *(
            "https://127%2e0%2e0%2e1/",
            "https://shop.example:0/",
            "https://a..b/",
            "https://.shop.example/",
            "https://a$b.example/",
        ),
        *("https://shop.example@127.0.0.1/", "https://@127.0.0.1/", "https://:@127.0.0.1/", "https://[v1.a]/"),
    ],
)
def test_what_is_no_whole_url_or_holds_what_is_not_sent_never(url: str, private: bool) -> None:
    with pytest.raises(WebhookUrlRefused):
        expect_good_url(url, private=private)


@given(st.ip_addresses(v=4), st.sampled_from(["{}", "0x{:x}", "0{:o}"]), st.booleans())
def test_an_ipv4_address_is_as_good_as_with_dots_however_it_is_written(
    address: IPv4Address, form: str, by_parts: bool
) -> None:
    number = int(address)
    parts = [number >> 24, number & 0xFFFFFF] if by_parts else [number]
    url = f"https://{'.'.join(form.format(part) for part in parts)}/"
    if is_public(address):
        expect_good_url(url, private=False)
    else:
        with pytest.raises(WebhookUrlRefused):
            expect_good_url(url, private=False)


@given(st.text(max_size=60) | st.text(max_size=40).map("https://".__add__), st.booleans())
def test_any_text_is_good_or_refused(url: str, private: bool) -> None:
    try:
        expect_good_url(url, private=private)
    except WebhookUrlRefused:
        return
    assert host_of(url)
