Scenario: A span of OpenTelemetry is the one that events name

When the shop counts inside a span of OpenTelemetry
  shop | count | shelf | -
      Counting what is on the shelf

Then "shop" narrates "count" with:

And the event names the span
