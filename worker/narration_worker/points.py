"""The worker's catalogue: every event that it can narrate, as one table.

Lifecycle points go to standard output only, request points also to the request's stream.
"""

from typing import Final

from narration_core import Catalogue, register_field

for _name, _type, _meaning in (
    ("code", str, "the worker's error code"),
    ("detail", str, "a message in full"),
    ("reason", str, "why it failed, in a few words"),
    ("model_path", str, "where the model file is"),
    ("port", int, "the port that the worker listens on"),
    ("address", str, "the address that the worker listens on, or the caller's address"),
    ("required_bytes", int, "memory needed, in bytes"),
    ("available_bytes", int, "memory available, in bytes"),
    ("prompt_sha256", str, "SHA-256 of the prompt, hexadecimal"),
    ("prompt_chars", int, "length of the prompt, in characters"),
    ("output_sha256", str, "SHA-256 of the generated text, hexadecimal"),
    ("output_chars", int, "length of the generated text, in characters"),
    ("stop_reason", str, "why generation ended: eos, length or stop"),
    ("seed", int, "the seed of the sampler"),
    ("faults", list, "every fault of a request"),
    ("url", str, "where the callback is posted"),
    ("attempt", int, "number of the try, from 1"),
    ("signal", str, "the signal that was received"),
    ("native", str, "a line of llama.cpp's log"),
    ("callers_job_id", str, "the job id that the caller sent"),
    ("fault_count", int, "number of faults of a request"),
    ("max_tokens", int, "the most tokens that the answer may have"),
    ("limit_ms", int, "the longest time allowed, in milliseconds"),
    ("threads", int, "threads that compute"),
    ("cpus", int, "CPUs that the process may keep busy"),
    ("model_mb", int, "size of the model, in millions of bytes"),
    ("context_length", int, "tokens of prompt and answer together"),
    ("trained_length", int, "the longest text that the model was trained on, in tokens"),
    ("library", str, "the library's logger that reported a problem"),
    ("repeated", int, "how often the same problem came since it was narrated last"),
    ("queue_depth", int, "number of waiting jobs"),
    ("jobs_running", int, "number of running jobs"),
    ("uptime_s", int, "time since the start, in seconds"),
    ("grace_s", float, "time in which a stream can be resumed, in seconds"),
    ("last_event_id", int, "id of the last event that a client received"),
    ("failed_at", str, "where in the code an exception came from"),
):
    register_field(_name, _type, _meaning)

POINTS: Final = Catalogue("worker")

# Lifecycle, 1 to 13.
startup = POINTS.point(
    "startup", "startup", "{worker_id}", "Starting worker for {model_ref} on {device}",
    event="startup", cute="A little worker for {model_ref} opens its eyes on {device}",
)  # fmt: skip
device_cpu = POINTS.point(
    "device_cpu", "device_init", "cpu", "Using the CPU, as asked for with --device cpu",
    cute="No GPU today, the CPU will do its best",
)  # fmt: skip
device_cuda = POINTS.point(
    "device_cuda", "device_init", "{gpu_device}", "Using {gpu_device} through CUDA",
    cute="{gpu_device} says good morning",
)  # fmt: skip
device_metal = POINTS.point(
    "device_metal", "device_init", "{gpu_device}", "Using {gpu_device} through Metal",
    cute="{gpu_device} gleams and says good morning",
)  # fmt: skip
model_load_start = POINTS.point(
    "model_load_start", "model_load", "{model_ref}", "Loading {model_ref}: {model_mb} MB, threads: {threads}",
    event="model_load_start", cute="Unpacking {model_ref}, mind the weights",
)  # fmt: skip
model_load_complete = POINTS.point(
    "model_load_complete", "model_load", "{model_ref}", "Loaded {model_ref} in {duration_ms} ms",
    event="model_load_complete", cute="{model_ref} is all tucked in",
)  # fmt: skip
callback_ready = POINTS.point(
    "callback_ready", "callback_ready", "{url}", "Prepared the ready callback for the pool manager",
    cute="A note saying 'ready' is folded and stamped",
    story='"Shall I tell them?" asked the worker. "Please do," said the pool manager.',
)  # fmt: skip
callback_attempt = POINTS.point(
    "callback_attempt", "callback_attempt", "{url}", "Telling the pool manager that the worker is ready, try {attempt}",
    cute="Knock knock, try {attempt}",
    story='"I am ready!" called the worker.',
)  # fmt: skip
callback_failed = POINTS.point(
    "callback_failed", "callback_failed", "{url}", "The pool manager did not take the ready callback: {reason}",
    level="warn", cute="Nobody answered the door: {reason}",
    story='"Hello?" called the worker. Nobody answered.',
)  # fmt: skip
server_start = POINTS.point(
    "server_start", "server_start", "{address}", "Opening the HTTP server on {address}",
    cute="Hanging out the sign at {address}",
)  # fmt: skip
server_bound = POINTS.point(
    "server_bound", "server_bound", "{address}", "Listening on {address} port {port}",
    cute="The door at {address} is open, number {port}",
)  # fmt: skip
bind_failed = POINTS.point(
    "bind_failed", "bind_failed", "{address}",
    "Cannot listen on {address} port {port}: {reason}; choose another --port",
    event="error", level="error", cute="Door {port} stays shut: {reason}",
)  # fmt: skip
server_shutdown = POINTS.point(
    "server_shutdown", "shutdown", "{worker_id}", "Shut down after {signal}",
    event="shutdown", cute="Lights out after {signal}, good night",
)  # fmt: skip

# Request, 1 to 8.
validation_failed = POINTS.point(
    "validation_failed", "validate", "request", "Refused the request: {reason}",
    event="error", level="warn", channel="request", cute="Oh dear, something to mend in that request: {reason}",
    story='"Is this right?" asked the caller. "Not quite: {reason}," said the worker.',
)  # fmt: skip
request_validated = POINTS.point(
    "request_validated", "validate", "{job_id}",
    "Accepted the request: {tokens_in:prompt token|prompt tokens}, at most {max_tokens} to generate",
    channel="request", cute="What a well-behaved request",
    story='"May I?" asked the caller. "You may," said the worker.',
)  # fmt: skip
inference_failed = POINTS.point(
    "inference_failed", "execute", "{job_id}", "Could not finish the request: {reason}",
    event="error", level="error", channel="request", cute="That did not go to plan: {reason}",
)  # fmt: skip
inference_start = POINTS.point(
    "inference_start", "execute", "{job_id}", "Generating with {model_ref} from seed {seed}",
    event="execute_start", channel="request", cute="{model_ref} clears its throat",
)  # fmt: skip
tokenised = POINTS.point(
    "tokenised", "tokenise", "{job_id}", "Cut the prompt into {tokens_in:token|tokens}",
    channel="request", cute="Snip snip: {tokens_in:little token|little tokens}",
)  # fmt: skip
cache_reset = POINTS.point(
    "cache_reset", "cache_reset", "kv-cache", "Cleared the key-value cache for the request",
    channel="request", cute="Wiping the blackboard clean",
)  # fmt: skip
token_progress = POINTS.point(
    "token_progress", "generate", "{job_id}", "Generated {tokens_out} tokens so far",
    channel="request", cute="{tokens_out} tokens and still going",
)  # fmt: skip
inference_complete = POINTS.point(
    "inference_complete", "execute", "{job_id}",
    "Finished with {tokens_out:token|tokens} in {decode_time_ms} ms: {stop_reason}",
    event="execute_end", channel="request", cute="All done, {tokens_out:token|tokens}, take a bow",
    story='"Is it finished?" asked the caller. "{tokens_out:token|tokens}, all yours," said the worker.',
)  # fmt: skip

# Beyond the 21.
threads_exceed_cpus = POINTS.point(
    "threads_exceed_cpus", "device_init", "cpu",
    "Using {threads} threads on {cpus:CPU|CPUs}: generation may be many times slower",
    level="warn", cute="{threads} cooks at {cpus:stove|stoves}, mind the elbows",
)  # fmt: skip
context_beyond_training = POINTS.point(
    "context_beyond_training", "model_load", "{model_ref}",
    "Opening {context_length} tokens of context; the model was trained on {trained_length}",
    level="warn", cute="{model_ref} is asked to read further than it learned",
)  # fmt: skip
heartbeat = POINTS.point(
    "heartbeat", "heartbeat", "{worker_id}",
    "Still up after {uptime_s} s: {jobs_running} running, {queue_depth} waiting",
    cute="Thump, thump: {jobs_running} at work, {queue_depth} in line",
)  # fmt: skip
http_failed = POINTS.point(
    "http_failed", "http", "{address}", "Could not read a request: {reason}",
    level="warn", cute="Somebody mumbled at the door: {reason}",
)  # fmt: skip
endpoint_failed = POINTS.point(
    "endpoint_failed", "http", "{address}", "Could not answer a request: {error_kind} at {failed_at}",
    event="error", level="error", cute="A cup slipped: {error_kind}",
)  # fmt: skip
library_problem = POINTS.point(
    "library_problem", "library", "{library}", "{library} reports a problem: {error_kind}",
    level="warn", cute="{library} coughs: {error_kind}",
)  # fmt: skip
request_refused = POINTS.point(
    "request_refused", "refuse", "{job_id}", "Refused the request: {reason}",
    event="error", level="warn", channel="request", cute="Not this time: {reason}",
    story='"May I?" asked the caller. "Not now: {reason}," said the worker.',
)  # fmt: skip
stream_cut = POINTS.point(
    "stream_cut", "disconnect", "{job_id}", "The client is gone; its stream can be resumed for {grace_s:g} s",
    level="warn", channel="request", cute="The listener left the room; the song goes on for {grace_s:g} s",
)  # fmt: skip
stream_resumed = POINTS.point(
    "stream_resumed", "resume", "{job_id}", "Resumed the stream after event {last_event_id}",
    channel="request", cute="Where were we? After number {last_event_id}",
)  # fmt: skip
model_load_progress = POINTS.point(
    "model_load_progress", "model_load", "{model_ref}", "Loading {model_ref}: {percent} %",
    event="model_load_progress", cute="{percent} % of {model_ref} is in",
)  # fmt: skip
ready = POINTS.point(
    "ready", "ready", "{worker_id}", "Ready to work with {model_ref} on {device}",
    event="ready", cute="{model_ref} is warm and eager",
)  # fmt: skip
start_failed = POINTS.point(
    "start_failed", "start_failed", "{model_ref}", "Cannot start: {reason}",
    event="error", level="fatal", cute="Back to bed: {reason}",
)  # fmt: skip
queued = POINTS.point(
    "queued", "queue", "{job_id}", "Waiting in the queue with {queue_position} ahead",
    channel="request", cute="Take a seat, {queue_position} before you",
    story='"When is it my turn?" asked the caller. "{queue_position} before you," said the worker.',
)  # fmt: skip
queued_predicted = POINTS.point(
    "queued_predicted", "queue", "{job_id}",
    "Waiting in the queue with {queue_position} ahead, predicted to start in {predicted_start_ms} ms",
    channel="request", cute="Take a seat, {queue_position} before you, about {predicted_start_ms} ms",
    story='"When is it my turn?" asked the caller. "{queue_position} before you," said the worker.',
)  # fmt: skip
story_failed = POINTS.point(
    "story_failed", "narrate", "{callers_job_id}", "Could not narrate a part of the job: {error_kind}",
    level="error", cute="A page of the story is torn: {error_kind}",
)  # fmt: skip
queue_full = POINTS.point(
    "queue_full", "queue", "{job_id}", "Refused the request: the queue is full",
    event="error", level="warn", channel="request", cute="No seat left in the waiting room",
    story='"Room for one more?" asked the caller. "Not now," said the worker.',
)  # fmt: skip
cancelled = POINTS.point(
    "cancelled", "cancel", "{job_id}", "Stopped the request: it was cancelled",
    event="error", channel="request", cute="Pencils down, as you wish",
    story='"Stop, please," said the caller. "Stopped," said the worker.',
)  # fmt: skip
client_gone = POINTS.point(
    "client_gone", "disconnect", "{job_id}", "Stopped the request: its client is gone",
    event="error", level="warn", channel="request", cute="The listener left, so the singing stops",
)  # fmt: skip
timed_out = POINTS.point(
    "timed_out", "timeout", "{job_id}", "Stopped the request: it took longer than {limit_ms} ms",
    event="error", level="warn", channel="request", cute="Time is up after {limit_ms} ms",
)  # fmt: skip
drained = POINTS.point(
    "drained", "drain", "{job_id}", "Stopped the request: the worker is shutting down",
    event="error", level="warn", channel="request", cute="Closing time, sorry",
)  # fmt: skip
draining = POINTS.point(
    "draining", "drain", "{worker_id}", "Taking no more requests after {signal}; finishing those under way",
    cute="Last orders, please",
)  # fmt: skip
residency_verified = POINTS.point(
    "residency_verified", "residency", "{gpu_device}", "Verified that the model is in the memory of {gpu_device}",
    cute="Still cosy on {gpu_device}",
)  # fmt: skip
residency_lost = POINTS.point(
    "residency_lost", "residency", "{gpu_device}", "The model is no longer wholly in the memory of {gpu_device}",
    event="error", level="error", cute="Something slipped out of {gpu_device}",
)  # fmt: skip
auth_refused = POINTS.point(
    "auth_refused", "auth", "{address}", "Refused a caller: {reason}",
    level="warn", cute="No entry without the password",
    story='"Let me in," said someone. "Not without the right token," said the worker.',
)  # fmt: skip
native_log = POINTS.point(
    "native_log", "native", "llama.cpp", "llama.cpp says: {native}", level="debug", cute="llama.cpp mumbles something",
)  # fmt: skip
