package dev.chowder.operate.model;

import dev.chowder.operate.http.LocalHttp;
import dev.chowder.operate.process.Background;
import dev.chowder.operate.process.PortUse;
import dev.chowder.operate.process.Ports;
import dev.chowder.operate.site.Site;
import java.nio.file.Files;
import java.util.List;

/** The demo model: a small server without a language model, which needs no network and no key. */
public final class DemoModel {
  public static final String PORT = "CHOWDER_DEMO_MODEL_PORT";

  /** Exists if agents may use the demo model. */
  private static final String USED_FILE = "demo-model-used";

  private final Site site;
  private final Background process;
  private final LocalHttp http = LocalHttp.plain();

  public DemoModel(Site site) {
    this.site = site;
    this.process = new Background(site, "demo-model", "dev.chowder.demomodel.Main");
  }

  /**
   * Starts it if it is the chosen model. It also runs if a real model was configured later, since
   * the first agents still use it.
   */
  public void ensure(ModelChoice choice) {
    if (choice != ModelChoice.DEMO && !isUsed()) return;
    var key = "%s:%d".formatted(site.layout().app(), port());
    var limit = Background.startLimit(site.variables());
    if (!process.isSupervised() || !process.hasKey(key)) {
      process.stop();
      requirePort();
      site.say("Starting the demo model, which needs no network and no provider's key ...");
      process.start(command(), site.variables(), false);
    }
    process.await(limit, this::answers);
    process.keep(key);
    markUsed();
  }

  public void stop() {
    process.stop();
  }

  /** Fails if another process uses its port. */
  public void requirePort() {
    Ports.requireFree(site.variables(), new PortUse(PORT, "the demo model"));
  }

  /** Returns the command that runs it. */
  public List<String> command() {
    var app = site.layout().app();
    return List.of(
        site.layout().jvm().toString(),
        "-Xmx64m",
        "-XX:+UseSerialGC",
        "-cp",
        app.resolve("demo-model/chowder-demo-model.jar").toString(),
        "dev.chowder.demomodel.Main",
        "--port",
        Integer.toString(port()));
  }

  public boolean answers() {
    return http.answers(port(), "/v1/models", 200);
  }

  int port() {
    return site.variables().port(PORT);
  }

  boolean isUsed() {
    return Files.exists(site.file(USED_FILE));
  }

  /** Records that agents may use it. */
  public void markUsed() {
    if (!isUsed()) site.write(USED_FILE, "");
  }
}
