// Log through the OpenTelemetry SDK for JavaScript, with its exporter for JSON or for protobuf.
//   node otlp.mjs URL json|protobuf
import { resourceFromAttributes } from "@opentelemetry/resources";
import { LoggerProvider, SimpleLogRecordProcessor } from "@opentelemetry/sdk-logs";

const [url, form] = process.argv.slice(2);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${form === "json" ? "http" : "proto"}`);
const exporter = new OTLPLogExporter({ url, compression: "gzip" });
const results = [];
const exported = exporter.export.bind(exporter);
exporter.export = (records, done) => exported(records, (result) => { results.push(result.code); done(result); });

const provider = new LoggerProvider({
  resource: resourceFromAttributes({ "service.name": "basket", "service.version": "4" }),
  processors: [new SimpleLogRecordProcessor({ exporter })],
});
provider.getLogger("basket.items").emit({
  timestamp: 1_795_900_000_123,
  severityNumber: 13,
  body: "Basket is nearly full",
  attributes: { correlation_id: "req-1", items: 99, share: 0.99, kinds: ["a", "b"], nested: { full: false }, password: "hunter2hunter2" },
});
await provider.forceFlush();
await provider.shutdown();
console.log(JSON.stringify({ results }));
