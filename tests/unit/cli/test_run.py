"""What is said at the end of a pipeline."""

from __future__ import annotations

from dray.cli.run import build_report, format_published
from dray.core.publication import Publication
from dray.core.release import Release
from dray.engine import RunResult


def test_what_was_published_is_what_hosts_install():
    published = (
        Publication("/srv/apt", "shop", "1.0-1"),
        Publication("/srv/apt", "shop-tools", "1.0-1", previous="0.9-1"),
        Publication("s3://packages.shop.example/debian", "shop", "1.0-1"),
    )
    report = build_report(RunResult(Release("shop", "1.0", publications=published), ()))
    assert report["publications"][1]["previous"] == "0.9-1"
    assert format_published(report, 2.314) == (
        "\nshop 1.0 for prod is published (2.31 s):\n"
        "\n"
        "    shop 1.0-1 in /srv/apt\n"
        "    shop-tools 1.0-1 in /srv/apt\n"
        "    shop 1.0-1 in s3://packages.shop.example/debian\n"
        "\n"
        "On a host that knows the repository:\n"
        "\n"
        "    apt-get update && apt-get install shop shop-tools\n"
    )
