"""The call that these tests are about, by its recordings' channels."""

from recordings.models import Lanes, Recording
from recordings.services import lanes

SPEECH = "double-charge"


def recording(channel="mixed"):
    return Recording.objects.get(kallglot_id=f"rec_known_{channel}")


def state_of(channel="mixed"):
    return Lanes.objects.get(recording=recording(channel)).state


def analyse_all():
    for one in Recording.objects.order_by("pk"):
        lanes.analyse(one)
