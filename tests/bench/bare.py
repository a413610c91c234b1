"""The bare view: the relay without session, database, rights and trail.

What the real view takes longer than this one is the price of signing in and of the trail.
"""

from functools import cache

from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import path

from kallglot_portal.supply import Stream
from recordings.audio.http_range import evaluate
from recordings.audio.job import Job
from recordings.audio.relay import Relay
from recordings.audio.source import BLOCK_BYTES
from recordings.audio.store import Store
from recordings.kallglot import Client


@cache
def _relay() -> Relay:
    return Relay(Store(settings.AUDIO_DIR))


@cache
def _client() -> Client:
    return Client(settings.KALLGLOT_API_KEY, settings.KALLGLOT_API_URL)


def audio(request, recording_id):
    job = Job(recording_id, lambda start: _client().open_audio(recording_id, start=start))
    source = _relay().open(job, for_player=True)
    decision = evaluate(request.method, request.headers, etag=source.etag, length=source.length)
    blocks = source.blocks(decision.start, decision.stop)
    response = StreamingHttpResponse(
        blocks,
        status=decision.status,
        content_type=source.mime,
        headers=decision.headers,
    )
    supply = source.supply(decision.start, decision.stop, lambda fault: None)
    response.file_to_stream, response.block_size = Stream(supply, blocks), BLOCK_BYTES
    response._resource_closers.append(source.close)
    return response


urlpatterns = [path("audio/<recording_id>", audio)]
