// Whether what a story's screen shows is of now: it may have lost sight of the hub, for a while or for good, and says so.

import { announce, button, element } from "./dom.js";
import { clock } from "./format.js";
import { now, ticket } from "./hub.js";

const CUT_SHORT = { expired: "when this link expired", revoked: "when this link was revoked", forgotten: "when the hub let go of it" };
const NEW_LINK = "Ask whoever sent it for a new one; narration link JOB prints it. Or give a token:";
const NEVER = "Nothing can be shown.";
const GONE = "it may be older than what is kept here, its services may send to another hub, or its id is written otherwise.";

export class Contact {
  // changed() is called when something else is to be drawn than before.
  constructor(changed) {
    this.changed = changed;
    this.notice = element("div", { class: "notice", role: "alert", hidden: true });
    this.ended = null; // { at, when }: since when nothing comes any more, though there is more
    this.away = null; // the same while the hub is away
    this.refusal = undefined; // why nothing was ever shown
  }

  // Since when nobody knows what happened.
  get cut() {
    return this.ended ?? this.away;
  }

  say(text, kind) {
    const limit = kind === "live" && ticket();
    announce(limit ? `${text} · this link works until ${clock(limit.expires).slice(0, 5)}` : text, kind);
  }

  tell(...parts) {
    this.noticed = null;
    this.notice.replaceChildren(...parts);
    this.notice.hidden = false;
  }

  // While the hub is away nobody knows whether what was open still is.
  lost(heardAt) {
    if (this.away) return;
    this.away = { at: heardAt, when: "when the hub was heard last" };
    if (this.notice.hidden) {
      this.tell(`The hub was heard last at ${clock(heardAt)}: what came since is not shown. This page goes on where it was when the hub is back.`);
      this.noticed = this.away;
    }
    this.changed();
  }

  found() {
    if (!this.away) return;
    if (this.noticed === this.away) this.notice.hidden = true;
    this.noticed = this.away = null;
    this.changed();
  }

  // The stream has ended, perhaps before the story did.
  over(reason) {
    if (!(reason in CUT_SHORT)) return;
    this.ended = { at: now(), when: CUT_SHORT[reason] };
    if (reason === "forgotten") this.tell("The hub needed the memory for others: what comes now is not shown here. ", reload());
    else this.tellExpired(reason === "expired" ? `This link has expired at ${clock(this.ended.at)}; what came since is not shown.` : "This link was revoked; what came since is not shown.");
    this.changed();
  }

  tellExpired(text) {
    this.tell(`${text} ${NEW_LINK} `, button("Enter a token", () => dispatchEvent(new Event("narration-login"))));
  }

  // The hub has another version than when the page was loaded.
  renewed() {
    this.tell("The hub has another version now. ", reload());
  }

  // The hub gives nothing to this tab's token.
  forbidden(error) {
    announce(ticket() ? "this link has expired: ask for a new one" : error.message, "trouble");
    if (ticket()) this.tellExpired("This link has expired, was revoked, or is of another hub: nothing can be shown.");
    else dispatchEvent(new Event("narration-login"));
    this.refuse(NEVER);
  }

  // The hub has nothing of it, or cannot tell.
  missing(error, what) {
    announce(error.advice ?? error.message, "trouble");
    this.refuse(error.status === 404 ? `This hub has nothing of ${what}: ${GONE}` : NEVER);
  }

  refuse(said) {
    this.refusal = said;
    this.changed();
  }
}

const reload = () => button("Load this page again", () => location.reload());
