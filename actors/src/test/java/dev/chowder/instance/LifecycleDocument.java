package dev.chowder.instance;

import static dev.chowder.instance.LifecycleExploration.phase;
import static java.util.stream.Collectors.joining;

import dev.chowder.instance.LifecycleExploration.Step;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Renders the results of an exploration as docs/LIFECYCLE.md. Knows no rule of the lifecycle. */
final class LifecycleDocument {
  private static final String STAYS = "*stays*";

  private static final String HEAD =
      """
      # Lifecycle of an instance

      Generated from `InstanceLifecycle` by `LifecycleDocumentTest`; do not edit. To regenerate it after a change:
      `mvn -pl actors -am test -Dtest=LifecycleDocumentTest -Dsurefire.failIfNoSpecifiedTests=false -Dchowder-tool.update-docs=true`

      The test sends every command to an instance in every reachable state and records the result, so this page shows what
      the code does. A phase is a record of `InstanceState`. Arrows are persisted events. The initial phase is `Absent`. An
      arrow from the frame `Existing` leads out of every phase in it.

      `Warming`, `Pooled` and `Discarded` are the phases of a pool member: an instance that the server creates ahead of need.
      No caller finds a member. A create can claim a member that is `Pooled`. The member is then the instance of that create.
      """;

  private static final String STATUS =
      """

      ## Status and pending effect

      The pending effect (`InstanceState.pendingEffect()`) is the action that must still be executed outside the journal. It is
      computed from the state, also after a crash. At most one effect is pending at a time. When it is done, the next state
      determines the next effect. `stage` is absent if no operation is in progress. The API never shows the statuses `warming`
      and `pooled`.
      """;

  private static final String VERBS =
      """

      ## Commands from callers and other entities

      A cell shows the phase to which the command leads, or its rejection. *stays* means that the command is accepted and
      nothing is persisted. If a cell of `Recover` has two phases, the result depends on whether an agent ran in the home
      volume. "Another home volume" is one that the instance had before.

      - `NotFound` is returned as 404 `INSTANCE_NOT_FOUND`, and `WrongState` as 409 `WRONG_STATE`. The edge also returns 404
        for a `Deleted` instance and for a pool member.
      - `AlreadyExists` reaches no caller. The server creates ids and never uses one twice, and it serves a create whose claim
        is rejected without that member.
      - `Warm` creates a pool member. `Claim` makes a member the instance of a create. It is rejected if the member is not
        `Pooled`, belongs to another organization or was provisioned with another setup: another model, key or image. A claim
        with overrides leads to `Provisioning`, in which the running gateway applies them.
      - A slot is reserved before `Recover` is sent. `SlotReturned` means that the slot was released since, and the edge
        reserves another one.
      - `ReleaseUnusedSlot` reports that the organization holds a slot for this instance. It is sent by a reconciliation pass,
        and by a recovery that failed midway. An instance that does not use the slot releases it.
        A pool member uses no slot. It is discarded, so that a claim that arrives later is rejected.
      - `Deepen` moves a stopped gateway to a deeper level of sleep: `frozen`, `paged_out`, `off`.
      - `RefreshRow` writes the instance's row again, which lists read.
      """;

  private static final String REPORTS =
      """

      ## Reports from effects and observers

      A report gets no reply. An empty cell means that nothing changes, as with every report of an earlier attempt
      (`attempt`). If a cell has two phases, the result depends on the remaining work, or on whether the system restarted the
      gateway shortly before.

      - `Discard` discards a pool member that was not claimed. A member also discards itself if its actor was started again,
        because the database may be older than the host, and an agent may use the sandbox.
      - `ClaimFound` reports that the home volume of a discarded member is marked as claimed. The journal lost the claim. The
        volume is kept, and a recover starts with it.
      """;

  private static final String OBSERVED =
      """

      ## Observed states

      A reconciliation pass and the instance decide by the same table (`ObservationTable`). A column is the recorded state of an
      instance. A row is the observed state of its sandbox. An empty cell means that nothing happens: the pass reports nothing.

      - `in progress`: an effect provisions, starts or stops the gateway. It has its own deadline.
      - `asleep`: stopped, and a start can thaw the processes. `deepening`: an effect deepens this sleep or ends it.
      - `failed`: an agent ran in the home volume. `failed unused`: none did.
      - `cleaning up`: failed, deleted or discarded, and an effect is pending. `deleted`: deleted or discarded, and none is.
      - `later`: of a later attempt than the recorded one. `other home`: another home volume than the recorded one. It is
        `unused` if no agent ever ran in it.
      - *fail: `SANDBOX_LOST`* and *remove* are destructive. The mass-change guard counts them. *remove* waits for
        60 s, because a call may still be running.
      - *quarantine* keeps the home volume, stops the processes and reports nothing to the instance.
      """;

  private final List<Step> steps;
  private final List<String> phases;

  LifecycleDocument(List<Step> steps) {
    this.steps = steps;
    this.phases = List.copyOf(States.all().keySet());
  }

  String text() {
    return HEAD
        + diagram()
        + STATUS
        + statuses()
        + VERBS
        + verbs()
        + REPORTS
        + reports()
        + OBSERVED
        + observed();
  }

  private String diagram() {
    boolean alwaysDeletable =
        inFrame().allMatch(phase -> arrowEvents(phase, "Deleted").equals(Set.of("Deleted")));
    Map<String, Set<String>> arrows = new LinkedHashMap<>();
    for (var from : phases) {
      for (var to : phases) {
        var events = arrowEvents(from, to);
        if (events.isEmpty() || from.equals(to)) continue;
        boolean fromFrame = alwaysDeletable && to.equals("Deleted");
        var key = (fromFrame ? "Existing" : node(from)) + " --> " + to;
        arrows.computeIfAbsent(key, _ -> new LinkedHashSet<>()).addAll(events);
      }
    }
    var existing = inFrame().toList();
    var members = members().toList();
    return "\n```mermaid\nstateDiagram-v2\n"
        + frame("Existing", arrows, arrow -> isWithin(arrow, existing))
        + frame("Member", arrows, arrow -> isWithin(arrow, members))
        + lines("  ", arrows, arrow -> !isWithin(arrow, existing) && !isWithin(arrow, members))
        + "  Tombstone --> [*]\n  Deleted --> [*]\n  Discarded --> [*]\n```\n";
  }

  private static String frame(
      String name, Map<String, Set<String>> arrows, Predicate<String> which) {
    return "  state " + name + " {\n" + lines("    ", arrows, which) + "  }\n";
  }

  private static String lines(
      String indent, Map<String, Set<String>> arrows, Predicate<String> which) {
    return arrows.entrySet().stream()
        .filter(arrow -> which.test(arrow.getKey()))
        .map(arrow -> indent + arrow.getKey() + ": " + String.join(", ", arrow.getValue()) + "\n")
        .collect(joining());
  }

  /** Returns whether an arrow begins and ends at one of these phases. */
  private static boolean isWithin(String arrow, List<String> phases) {
    return phases.containsAll(List.of(arrow.split(" --> ", -1)));
  }

  private Set<String> arrowEvents(String from, String to) {
    var events = new LinkedHashSet<String>();
    steps(step -> phase(step.from()).equals(from) && phase(step.to()).equals(to))
        .forEach(step -> step.events().forEach(e -> events.add(e.getClass().getSimpleName())));
    return events;
  }

  private Stream<String> inFrame() {
    return phases.stream()
        .filter(phase -> states(phase).getFirst() instanceof InstanceState.Existing)
        .filter(phase -> !(states(phase).getFirst() instanceof InstanceState.Member))
        .filter(phase -> !phase.equals("Deleted"));
  }

  private Stream<String> members() {
    return phases.stream()
        .filter(phase -> states(phase).getFirst() instanceof InstanceState.Member);
  }

  private static String node(String phase) {
    return phase.equals("Absent") ? "[*]" : phase;
  }

  private String statuses() {
    var table =
        new Table(List.of("phase", "`status`", "`desired_status`", "`stage`", "pending effect"));
    for (var phase : phases) {
      var states = states(phase);
      var status = InstanceStatus.of(states.getFirst());
      boolean seen = states.getFirst() instanceof InstanceState.Existing;
      table.row(
          List.of(
              phase,
              seen ? code(status.now().label()) : "",
              seen ? code(status.desired().label()) : "",
              cell(states.stream().flatMap(LifecycleDocument::stageShown).distinct()),
              pendingEffect(states)));
    }
    return table.text();
  }

  private static Stream<String> stageShown(InstanceState state) {
    var id = new InstanceId("0190a000-0000-7000-8000-00000000000a");
    return InstanceView.of(id, 1, state)
        .flatMap(InstanceView::stage)
        .map(LifecycleDocument::code)
        .stream();
  }

  private static String pendingEffect(List<InstanceState> states) {
    var effects = states.stream().map(InstanceState::pendingEffect).toList();
    var stages =
        effects.stream()
            .filter(InstanceEffect.RunStages.class::isInstance)
            .map(effect -> ((InstanceEffect.RunStages) effect).stages().getFirst())
            .distinct()
            .sorted()
            .map(Stage::label)
            .collect(joining(", "));
    return cell(
        effects.stream()
            .map(
                effect ->
                    switch (effect) {
                      case InstanceEffect.None() -> "nothing";
                      case InstanceEffect.RunStages _ -> "`RunStages`, from " + stages;
                      case InstanceEffect.StopGateway _ -> "`StopGateway`";
                      case InstanceEffect.Deepen _ -> "`Deepen`";
                      case InstanceEffect.AwaitStart _ -> "`AwaitStart`";
                      case InstanceEffect.ApplyConfig _ -> "`ApplyConfig`";
                      case InstanceEffect.RotateToken _ -> "`RotateToken`";
                      case InstanceEffect.ReleaseSlot _ -> "`ReleaseSlot`";
                      case InstanceEffect.Remove(_, var scope, _, _) ->
                          switch (scope) {
                            case PROCESSES -> "`Remove` of processes";
                            case SANDBOX -> "`Remove` of the sandbox";
                            case EVERYTHING -> "`Remove` of everything";
                            case MEMBER -> "`Remove` of an unclaimed member";
                          };
                    })
            .distinct()
            .sorted(Comparator.comparing("nothing"::equals)));
  }

  private String verbs() {
    var verbs = List.copyOf(LifecycleExploration.verbs(new InstanceState.Absent()).keySet());
    var head = new ArrayList<>(List.of("phase"));
    verbs.forEach(verb -> head.add(code(verb)));
    var table = new Table(head);
    for (var phase : phases) {
      var row = new ArrayList<>(List.of(phase));
      verbs.forEach(verb -> row.add(outcomes(phase, verb)));
      table.row(row);
    }
    return table.text();
  }

  private String reports() {
    var head = new ArrayList<>(List.of("report"));
    head.addAll(phases);
    var table = new Table(head);
    for (var report : LifecycleExploration.reports(new InstanceState.Absent()).keySet()) {
      var row = new ArrayList<>(List.of(report));
      phases.forEach(phase -> row.add(outcomes(phase, report).replace(STAYS, "")));
      table.row(row);
    }
    return table.text();
  }

  private static String observed() {
    var head = new ArrayList<>(List.of("observed"));
    for (var recorded : ObservationTable.Recorded.values()) head.add(words(recorded));
    var table = new Table(head);
    for (var found : ObservationTable.Found.values()) {
      var row = new ArrayList<>(List.of(words(found)));
      for (var recorded : ObservationTable.Recorded.values()) {
        row.add(ObservationTable.reaction(recorded, found).text());
      }
      table.row(row);
    }
    return table.text();
  }

  private static String words(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private String outcomes(String phase, String command) {
    var outcomes =
        steps(step -> phase(step.from()).equals(phase) && step.command().equals(command))
            .map(LifecycleDocument::outcome)
            .distinct()
            .toList();
    boolean changes = outcomes.stream().anyMatch(phases::contains);
    return cell(
        outcomes.stream()
            .filter(outcome -> !changes || !outcome.equals(STAYS))
            .sorted((a, b) -> Integer.compare(phases.indexOf(a), phases.indexOf(b))));
  }

  private static String outcome(Step step) {
    return switch (step.decision()) {
      case Decision.Reject(var why) -> code(why.getClass().getSimpleName());
      case Decision.Accept(var events) -> events.isEmpty() ? STAYS : phase(step.to());
    };
  }

  private List<InstanceState> states(String phase) {
    return Stream.concat(
            steps(step -> phase(step.from()).equals(phase)).map(Step::from),
            steps(step -> phase(step.to()).equals(phase)).map(Step::to))
        .distinct()
        .toList();
  }

  private Stream<Step> steps(Predicate<Step> which) {
    return steps.stream().filter(which);
  }

  private static String cell(Stream<String> parts) {
    return parts.collect(joining(", "));
  }

  private static String code(String text) {
    return "`" + text + "`";
  }

  /** A Markdown table. */
  private static final class Table {
    private final StringBuilder text = new StringBuilder("\n");

    Table(List<String> head) {
      row(head);
      row(head.stream().map(_ -> "---").toList());
    }

    void row(List<String> cells) {
      text.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    String text() {
      return text.toString();
    }
  }
}
