package dev.chowder;

import com.github.dockerjava.api.DockerClient;
import com.typesafe.config.Config;
import dev.chowder.journal.v1.OrganizationEvent;
import java.time.Instant;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorSystem;
import org.eclipse.jetty.server.Server;
import org.jdbi.v3.core.Jdbi;

/** Violates every rule of {@link ArchitectureTest}, to prove that the rules can fail. */
record CanaryLifecycle(
    Optional<DockerClient> docker,
    Optional<Server> jetty,
    Optional<Config> config,
    Optional<Jdbi> jdbi,
    Optional<ActorSystem<Void>> actors,
    Optional<OrganizationEvent> event,
    Optional<dev.chowder.api.v1.Organization> organization) {
  static Instant time() {
    return Instant.now();
  }
}
