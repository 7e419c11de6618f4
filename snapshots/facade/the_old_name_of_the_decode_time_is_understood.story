Scenario: The old name of the decode time is understood

When an older service sends a line with decode_ms 7
  engine | decode | job | -
      Decoded

Then an event is narrated with:
