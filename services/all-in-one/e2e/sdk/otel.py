"""Sends nested spans with a stock OTLP exporter. Prints one JSON object.

argv: `proto` or `grpc`, the traces URL or host:port of gRPC, project, API key, `gzip` or `none`.
"""

import base64
import json
import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

protocol, endpoint, project, key, compression = sys.argv[1:6]
authorization = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()
headers = {"project_id": project, "authorization": authorization}
if protocol == "grpc":
    from grpc import Compression
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

    endpoint = f"http://{endpoint}"
else:
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

algorithm = Compression.Gzip if compression == "gzip" else Compression.NoCompression
exporter = OTLPSpanExporter(endpoint=endpoint, headers=headers, compression=algorithm)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
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
