package dev.chowder.server.node;

import dev.chowder.sandbox.SandboxException.Reason;
import dev.chowder.simulator.FakeScript.Verb;
import dev.chowder.simulator.SimulatedEngine;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** Causes random faults of a simulated host. */
final class HostFaults {
  private static final List<Verb> WORK =
      List.of(
          Verb.CREATE,
          Verb.RUN,
          Verb.START,
          Verb.STOP,
          Verb.FREEZE,
          Verb.THAW,
          Verb.PAGE_OUT,
          Verb.MEMORY,
          Verb.REMOVE_PROCESSES,
          Verb.REMOVE,
          Verb.OBSERVE,
          Verb.LIST,
          Verb.WRITE_FILES,
          Verb.READ_FILE);

  private static final List<Reason> CAUSES =
      List.of(
          Reason.NO_MEMORY,
          Reason.NO_SPACE,
          Reason.ENGINE_UNREACHABLE,
          Reason.TIMED_OUT,
          Reason.REFUSED);

  private final SimulatedEngine host;
  private final Random random;

  HostFaults(SimulatedEngine host, Random random) {
    this.host = host;
    this.random = random;
  }

  /** Causes the next fault, of the host or of this instance, and returns what it is. */
  String next(String id) {
    int dice = random.nextInt(100);
    return dice < 72 ? faultOfTheEngine(dice) : faultOfAProcess(id, dice);
  }

  private String faultOfTheEngine(int dice) {
    var script = host.script();
    String what;
    if (dice < 30) {
      var verb = pick(WORK);
      var cause = pick(CAUSES);
      int times = random.nextInt(1, 4);
      what = verb + " fails " + times + " times: " + cause;
      script.failNext(verb, times, cause, "played: " + cause);
    } else if (dice < 45) {
      var verb = pick(WORK);
      var delay = Duration.ofMillis(random.nextInt(5, 60));
      what = verb + " takes " + delay;
      script.delay(verb, delay);
    } else if (dice < 50) {
      // In the simulator the other verbs have no time limit; the calls of a real engine do. Only
      // the stage of a start has one around it.
      var verb = pick(List.of(Verb.RUN, Verb.START));
      what = verb + " hangs";
      script.hangNext(verb, 1);
    } else if (dice < 57) {
      what = "unreachable";
      script.unreachable();
    } else if (dice < 64) {
      what = "reachable";
      script.reachable();
    } else if (dice < 68) {
      what = "forgetful";
      script.withEmptyLists();
    } else {
      what = "remembering";
      script.withFullLists();
    }
    return what;
  }

  private String faultOfAProcess(String id, int dice) {
    var sandbox = Node.sandbox(id);
    var script = host.script();
    String what;
    if (dice < 78) {
      what = "killed " + id;
      host.kill(sandbox);
    } else if (dice < 81) {
      what = "without memory";
      script.withoutMemory();
    } else if (dice < 84) {
      what = "with memory";
      script.withMemory();
    } else if (dice < 85) {
      int percent = random.nextInt(2) * 50;
      what = "all tasks wait for memory for " + percent + " %";
      script.withMemoryStall(percent);
    } else if (dice < 86) {
      double share = random.nextBoolean() ? 0.4 : 0.95;
      what = "page-outs move " + share;
      script.withPageOutOf(share);
    } else if (dice < 87) {
      what = "crashed " + id;
      host.crash(sandbox, 1, "played: crash");
    } else if (dice < 88) {
      what = "out of memory " + id;
      host.killForMemory(sandbox);
    } else if (dice < 90) {
      what = "paused " + id;
      host.pause(sandbox);
    } else if (dice < 91) {
      what = "without swap";
      script.withoutSwap();
    } else if (dice < 92) {
      what = "with swap";
      script.withSwap();
    } else if (dice < 93) {
      int uses = random.nextInt(3);
      what = "thaws leave " + uses + " uses of the databases";
      script.withDatabasesLostByThaw(uses);
    } else if (dice < 97) {
      what = "containers removed " + id;
      host.removeContainers(sandbox);
    } else {
      what = "lost " + id;
      host.lose(sandbox);
    }
    return what;
  }

  private <T> T pick(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
