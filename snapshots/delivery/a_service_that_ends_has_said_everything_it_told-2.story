Scenario: A service that is stopped by SIGTERM has said everything it told

When a mail service sends a mail for "req-stopped", finds the disk full and is stopped by SIGTERM
  mailer | start | service | c1
      Starting to send mails
  mailer | send | mail-1 | c1
      Sending a mail of 3 pages
  mailer | send | mail-2 | c1 | fatal: disk_full
      Cannot send mails any more: the disk is full

Then the story is exactly:

And every event carries the correlation id "req-stopped"
