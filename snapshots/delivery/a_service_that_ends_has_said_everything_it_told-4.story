Scenario: A service that leaves past all clean-up has said everything it told

When a mail service sends a mail for "req-left", finds the disk full and leaves past all clean-up
  mailer | start | service | c1
      Starting to send mails
  mailer | send | mail-1 | c1
      Sending a mail of 3 pages
  mailer | send | mail-2 | c1 | fatal: disk_full
      Cannot send mails any more: the disk is full

Then the story is exactly:

And every event carries the correlation id "req-left"
