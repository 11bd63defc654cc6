package dev.chowder.checks.compose;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.chowder.base.Await;
import dev.chowder.checks.Project;
import dev.chowder.checks.docker.Docker;
import dev.chowder.checks.page.Page;
import dev.chowder.checks.release.Releases;
import dev.chowder.program.Root;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Uses a Compose project with documented commands, from the start to the removal. */
final class ComposeWalk implements AutoCloseable {
  private static final Duration HEALTH_LIMIT = Duration.ofMinutes(3);
  private static final int SERVICES = 4;

  private final Page install;
  private final Page upgrade;

  /** Has the folders of the page with the upgrade, OLD and NEW. */
  private final Path work;

  private final ComposeProject compose;

  /** The folder in which a user runs the commands of the project. */
  private Path deploy;

  private String cluster = "";

  /** The id of the server image before the upgrade, which has no name afterwards. */
  private String replaced = "";

  /** Unpacks the release, and changes its settings. */
  ComposeWalk(Project project, Compose version, Path work) throws IOException {
    install = Page.read(project.file("docs/operations/install.md"));
    upgrade = Page.read(project.file("docs/operations/upgrade.md"));
    this.work = work;
    var old = Releases.unpack(work.resolve("OLD"));
    deploy = old.resolve("deploy");
    compose = ComposeProject.prepare(project, version, old);
    compose.change(deploy.resolve(".env"));
  }

  void use() throws IOException {
    start();
    run(install.commands("docker compose exec server chowder create hello"));
    inServer("chowder stop hello");
    inServer("chowder start hello");
    answer();
    backUpAndRestore();
    upgradeToNew();
    run(install.commandFor("stop, and keep the data"));
    run("docker compose up -d");
    expectServing();
    answer();
    remove();
  }

  /** Removes what a failed check left. */
  @Override
  public void close() {
    if (!Docker.labelled("com.docker.compose.project=" + ComposeProject.NAME).isEmpty()) {
      // The first two commands fail if there is no server.
      for (var command : List.of("stop server", "run --rm --no-deps server purge", "down -v")) {
        var _ = compose.program(deploy, Compose.DOCUMENTED + " " + command).attempt();
      }
    }
    ComposeProject.removeImages();
    if (!replaced.isEmpty()) Docker.removeImages(replaced);
  }

  private void start() throws IOException {
    var _ = compose.run(work.resolve("OLD"), install.commands("docker build -t"));
    expectServing();
    cluster = inServer("cat /var/lib/chowder/cluster-id");
    var port = ComposeProject.setting(deploy.resolve(".env"), "CHOWDER_MONITORING_PORT");
    var health = URI.create("http://localhost:" + port + "/healthz").toURL();
    try (var body = health.openStream()) {
      assertThat(new ObjectMapper().readTree(body).path("isolated").asBoolean())
          .as("sandboxes are isolated")
          .isTrue();
    }
  }

  /**
   * Without {@code purge}, the agents of removed volumes continue, and the restored data has them.
   */
  private void backUpAndRestore() throws IOException {
    run(install.commands("(umask 077; docker compose exec"));
    var backup = deploy.resolve("backup");
    assertThat(backup).isNotEmptyFile();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(backup)))
        .isEqualTo("rw-------");
    assertThat(inServer("ls /var/lib/chowder").lines()).doesNotContain("backup");
    run("docker compose down -v");
    run(install.commands("docker compose up -d postgres"));
    expectServing();
    assertThat(inServer("cat /var/lib/chowder/cluster-id")).isEqualTo(cluster);
    assertThat(inServer("ls /var/lib/chowder").lines()).doesNotContain("backup");
    answer();
  }

  /** The new version has a file that the old one has not. */
  private void upgradeToNew() throws IOException {
    var added = Releases.unpack(work.resolve("NEW")).resolve("added");
    Files.writeString(added, "new");
    replaced = Docker.run("image", "inspect", "-f", "{{.Id}}", ComposeProject.IMAGE);
    var _ = compose.run(work, upgrade.commands("cp OLD/deploy/.env NEW/deploy/.env"));
    deploy = work.resolve("NEW/deploy");
    expectServing();
    assertThat(inServer("cat /opt/chowder/added")).isEqualTo("new");
    answer();
    run(upgrade.commands("docker compose stop server"));
    expectServing();
  }

  private void remove() {
    // Compose does not know this agent.
    inServer("chowder create left --provider custom --no-wait");
    var commands = new ArrayList<String>();
    for (var line : install.commands("docker compose stop server").lines().toList()) {
      // The images of sandboxes are those of other installations, too.
      if (!line.startsWith("docker image ls")) commands.add(line);
    }
    assertThat(commands).hasSize(4);
    run(String.join("\n", commands));
    assertThat(Docker.labelled("com.docker.compose.project=" + ComposeProject.NAME)).isEmpty();
    assertThat(Docker.labelled("dev.chowder.cluster=" + cluster)).isEmpty();
    var root = Root.find().orElseThrow();
    assertThat(cluster).isNotEmpty();
    assertThat(root.run("iptables", "-w", "-S").run().output()).doesNotContain(cluster);
  }

  /** Requires that all services are healthy, and that the server loaded its AOT cache. */
  private void expectServing() {
    Await.until(
        HEALTH_LIMIT,
        () -> healthy() == SERVICES,
        () ->
            "four services must be healthy: "
                + run(install.commandFor("see which services are healthy")));
    assertThat(run(install.commandFor("read the log of the server, in UTC")))
        .contains("AOT cache: loaded");
  }

  private static long healthy() {
    var project = "label=com.docker.compose.project=" + ComposeProject.NAME;
    return Docker.run("ps", "-q", "--filter", project, "--filter", "health=healthy")
        .lines()
        .count();
  }

  private void answer() {
    assertThat(inServer("chowder chat hello 'What can you do?'")).isNotBlank();
  }

  private String inServer(String command) {
    return run("docker compose exec server " + command);
  }

  private String run(String commands) {
    var printed = compose.run(deploy, commands);
    System.out.println(printed);
    return printed;
  }
}
