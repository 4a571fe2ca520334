"""Sends nested spans with the stock OTLP exporter. argv: the traces URL, project, API key. Prints one JSON object."""

import base64
import json
import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

url, project, key = sys.argv[1:4]
headers = {"project_id": project, "Authorization": "Basic " + base64.b64encode(f"api:{key}".encode()).decode()}
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url, headers=headers, compression=Compression.Gzip)))
tracer = provider.get_tracer("e2e")
with tracer.start_as_current_span("agent", attributes={"input.value": "what is 2+2?", "output.value": "4"}) as root:
    with tracer.start_as_current_span("tool") as child:
        child.set_attribute("numbers", [1, 2, 3])
provider.shutdown()
context = root.get_span_context()
print(json.dumps({
    "traceId": format(context.trace_id, "032x"),
    "rootId": format(context.span_id, "016x"),
    "childId": format(child.get_span_context().span_id, "016x"),
}))
