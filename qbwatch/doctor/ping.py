"""Whether somebody outside notices when this machine or its watcher is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from alerts.spoken import duration
from qbwatch.doctor.finding import fault, fine, warning
from qbwatch.reach import Endpoint, web_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qbwatch.doctor.finding import Finding
    from qbwatch.doctor.installation import Installation


def ping(installation: Installation) -> Iterator[Finding]:
    """Say whether a sign of life goes out, and whether its far side can be reached; none is sent."""
    if installation.settings is None:
        return
    settings = installation.settings.selfwatch.ping
    if settings.url is None:
        yield warning(
            "no [ping] is configured", "When this machine is off or qbwatch is dead, nobody hears of it from here",
            'Give [ping] the url of a check at a service such as Healthchecks, or let your RMM run "qbwatch check" and '
            "alert also when it gets no answer",
        )  # fmt: skip
        return
    url = settings.url.reveal()
    parts = urlsplit(url)
    if not parts.hostname:
        yield fault("the URL of [ping] is not known", "No sign of life goes out",
                    "Mend what stands under: configuration")  # fmt: skip
        return
    secure = parts.scheme == "https"
    endpoint = Endpoint(host=parts.hostname, port=parts.port or (443 if secure else 80), secure=secure)
    problem = web_problem(endpoint) if installation.asks_network else None
    if problem:
        yield fault(problem.what, "No sign of life arrives, so that the far side raises a false alarm", problem.do)
    else:
        reached = f"{endpoint} answers" if installation.asks_network else "its URL can be used"
        yield fine(f"a sign of life goes out every {duration(settings.every)}; {reached}")
