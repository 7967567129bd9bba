"""The forms that many queries of the dashboards have."""

from ordercast.infra.observability.panels import Query


def rate(metric: str, labels: str = "") -> str:
    return f"rate({metric}{{{labels}}}[$__rate_interval])" if labels else f"rate({metric}[$__rate_interval])"


def quantiles(metric: str, *shares: float, labels: str = "", by: str = "") -> list[Query]:
    """The median and its like of a histogram."""
    grouping, named = (f"le, {by}", f"{{{{{by}}}}} ") if by else ("le", "")
    buckets = f"sum by ({grouping}) ({rate(f'{metric}_bucket', labels)})"
    return [Query(f"histogram_quantile({share}, {buckets})", f"{named}p{share * 100:g}") for share in shares]
