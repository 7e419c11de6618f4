Scenario: A line cannot be forged by what a caller sends

When a caller sends a sentence with a line end and a hidden character
  pool-managerd | call | Ready  {"forged": true} done | -
      Hearing Ready  {"forged": true} done

Then every narrated line is one line without hidden characters
