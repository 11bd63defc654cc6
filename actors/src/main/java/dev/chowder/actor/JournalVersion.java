package dev.chowder.actor;

import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.Member;
import org.apache.pekko.cluster.typed.Cluster;

/**
 * The version of the journal's format. A node announces the version that it reads in its {@code
 * app-version}. No node writes an event type that another member cannot read, since an instance may
 * move to a node of the previous version during a rolling upgrade. Does not know any event.
 */
public final class JournalVersion {
  /**
   * The version that this build reads; {@code pekko.cluster.app-version} must match. It grows with
   * each release that adds an event type.
   */
  public static final int CURRENT = 2;

  private JournalVersion() {}

  /** Returns the newest version that all members of the cluster read. */
  public static int ofAllMembers(ActorSystem<?> system) {
    var members = Cluster.get(system).state().getMembers();
    return StreamSupport.stream(members.spliterator(), false)
        .map(Member::appVersion)
        .mapToInt(version -> parse(version.version()))
        .min()
        // No member is Up yet, so no newer event may be written.
        .orElse(0);
  }

  /** Returns the first number of a version such as {@code 1.0.0}; 0 if there is none. */
  static int parse(String appVersion) {
    int end = 0;
    while (end < appVersion.length() && Character.isDigit(appVersion.charAt(end))) end++;
    return end == 0 ? 0 : Integer.parseInt(appVersion.substring(0, end));
  }
}
