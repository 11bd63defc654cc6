package dev.chowder.cluster;

import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.util.Version;
import org.jspecify.annotations.Nullable;

/** Knows which versions the nodes of the cluster announce in {@code app-version}. */
public final class MemberVersions {
  /** The first version that knows containers of any name, and of users of their own. */
  private static final Version SEPARATES_SANDBOXES = new Version("2.1.0");

  private volatile @Nullable Cluster cluster;

  /** Reads the versions of this cluster from now on. */
  public void join(ActorSystem<?> system) {
    cluster = Cluster.get(system);
  }

  /**
   * Returns whether all members know containers of any name and of any user. False until this node
   * is Up, because it does not know the other members before.
   */
  public boolean separateSandboxes() {
    var joined = cluster;
    return joined != null
        && joined.selfMember().status().equals(MemberStatus.up())
        && StreamSupport.stream(joined.state().getMembers().spliterator(), false)
            .allMatch(member -> member.appVersion().compareTo(SEPARATES_SANDBOXES) >= 0);
  }
}
