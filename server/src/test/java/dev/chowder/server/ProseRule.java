package dev.chowder.server;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Words that plain English does without.
 *
 * @param instead what to write
 * @param example a sentence that breaks the rule
 */
record ProseRule(String name, Pattern pattern, String instead, String example) {
  static final List<ProseRule> ALL =
      List.of(
          words(
              "person",
              "\\b(nobody|somebody|everybody|anybody|whoever|whom)\\b",
              "the actor: caller, node, operator, client, process",
              "Nobody reads it."),
          words(
              "owe", "\\b(owe|owes|owed|owing)\\b", "pending effect, is pending", "What is owed."),
          words(
              "life",
              "\\b(life|lives)\\b(?!cycle)",
              "attempt (one run of the gateway), lifecycle",
              "It ended in another life."),
          words(
              "birth",
              "\\b(un)?born\\b|\\bbirth\\b",
              "created, never created, tombstone",
              "An unborn instance."),
          words(
              "tell",
              "\\btold\\b",
              "returned, sent, notified, reported, passed",
              "The caller is told."),
          words(
              "say-again",
              "\\b(said|says?|saying) (it |one |the same |them )?(again|once|twice)\\b",
              "retry, resend, repeat",
              "The command is said again."),
          words("believe", "\\bbeliev\\w+\\b", "cache, trust, assume", "A key is believed."),
          words("played", "\\bplayed\\b", "simulated, fake", "A played sandbox."),
          words("rehearsal", "\\brehears\\w+\\b", "AOT training run", "A rehearsed server."),
          words("stranger", "\\bstrangers?\\b", "unknown client, third party", "A stranger calls."),
          words("wish", "\\bwish(es)?\\b", "desired state, request", "The wishes are stored."),
          words("grave", "\\bgrave\\b", "destructive", "A grave finding."),
          words(
              "let-in",
              "\\blet[s]? (\\w+ ){0,3}in\\b(?! (the|a|this|its|one|order|memory))",
              "admit, authorize, approve, allow",
              "The call is let in."),
          words(
              "stand-lie",
              "\\b(stands? (in|here|there)|lies? (in|at|there|beside))\\b",
              "is in, is stored in, see",
              "The reason stands in the file."),
          words(
              "take-away",
              "\\btak(e|es|en|ing) away\\b|\\bgiv(es?|en|ing) back\\b",
              "remove, release, return",
              "The slot is given back."),
          words(
              "made-good",
              "\\b(makes?|made) good\\b|\\bmend(s|ed)?\\b",
              "repair, fix",
              "The row is mended."),
          words(
              "archaic",
              "\\b(anew|midst|amid|nevertheless|for ever|all the same|besides what|by then|so far"
                  + " as)\\b",
              "again, during, still, forever, anyway",
              "It starts anew."),
          words("former", "\\bformer\\b", "previous, old", "The former key."),
          words(
              "any-more",
              "\\b(not|no|nobody|never)\\b[^.;:\\n]{0,40}\\bany more\\b",
              "no longer",
              "It does not run any more."),
          exact(
              "filler",
              "\\b(Makes one|Wires (it|them|the \\w+))\\.",
              "nothing: delete the sentence",
              "Makes one."),
          exact(
              "same-as",
              "(/\\*\\*|\\n\\s*\\*)\\s*The same\\b",
              "what this overload does",
              "/** The same for a list. */"),
          words(
              "colon-code",
              "\\b(empty|zero|absent|present|none|false|true|0): (?=[a-z])",
              "\"empty if ...\", \"0 disables ...\"",
              "empty: no key"),
          exact(
              "what-who",
              "(/\\*\\*\\s*|//\\s*|\\n\\s*\\*\\s+@param \\w+ |\\. )"
                  + "(What|Who|Whose|Of|By what|How far|How long|Whom)\\b",
              "a sentence that starts with its noun or verb",
              "/** What a caller sees. */"),
          words(
              "expected",
              "\\(expected: ",
              "\"must be ...; got ...\" by ErrorText",
              "name: empty (expected: text)"),
          words("can-now", "\\bYou can now\\b", "Added, Changed, Fixed", "You can now watch."),
          words("wires", "\\bwires\\b", "starts, creates, connects", "Wires services and routes."),
          words(
              "expected-cut",
              "\\(expected\\b(?!: )",
              "\"must be ...; got ...\" by ErrorText",
              "name: empty (expected a text)"));

  /** Returns the words of a text that break this rule. */
  Stream<MatchResult> in(String text) {
    return pattern.matcher(text).results();
  }

  private static ProseRule words(String name, String regex, String instead, String example) {
    var pattern = Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
    return new ProseRule(name, pattern, instead, example);
  }

  private static ProseRule exact(String name, String regex, String instead, String example) {
    return new ProseRule(name, Pattern.compile(regex), instead, example);
  }
}
