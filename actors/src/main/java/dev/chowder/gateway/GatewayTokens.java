package dev.chowder.gateway;

import static dev.chowder.base.ErrorText.cannot;

import dev.chowder.gateway.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceEffect.RotateToken;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayConversations;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.home.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxEndpoint;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxId;
import dev.chowder.secret.Secret;
import dev.chowder.secret.SecretNames;
import dev.chowder.secret.SecretStore;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * Creates and rotates the tokens of gateways. At any moment one token is valid, and Chowder can
 * find out which. The next token is stored beside the active one, with the number of its rotation,
 * until the gateway accepts it. A rotation that is repeated after a crash therefore uses the same
 * token.
 *
 * <p>The number is also the fence: a node that was paused during a rotation writes nothing once
 * another node has begun a later one.
 */
public final class GatewayTokens {
  private static final int TOKEN_BYTES = 32;

  /**
   * Pause between two checks whether a gateway accepts a new token, which takes it about a second.
   */
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final SecretStore secrets;
  private final SandboxEngine engine;
  private final OpenClawAdmin admin;
  private final GatewayConversations conversations;
  private final GatewayDevices devices;
  private final Duration limit;
  private final SecureRandom random = new SecureRandom();

  /**
   * Creates the tokens of all gateways.
   *
   * @param limit time in which a gateway must change its token
   */
  public GatewayTokens(
      SecretStore secrets,
      SandboxEngine engine,
      OpenClawAdmin admin,
      GatewayConversations conversations,
      GatewayDevices devices,
      Duration limit) {
    this.secrets = secrets;
    this.engine = engine;
    this.admin = admin;
    this.conversations = conversations;
    this.devices = devices;
    this.limit = limit;
  }

  /**
   * Returns the active token; empty if none was created. During a rotation the gateway may accept
   * the next one instead, see {@link #valid}.
   */
  public Optional<Secret> active(InstanceId id) {
    return secrets.get(id.value(), SecretNames.GATEWAY_TOKEN);
  }

  /**
   * Returns the token of the last rotation that began, which becomes the active one; empty if no
   * rotation created one.
   */
  public Optional<Secret> next(InstanceId id) {
    return kept(id).map(Next::token);
  }

  /** Returns the token that this gateway accepts now, while a rotation is pending. */
  public Optional<Secret> valid(InstanceId id, SandboxEndpoint gateway)
      throws InterruptedException {
    var next = next(id);
    boolean taken = next.isPresent() && admin.health(gateway, next.get()) instanceof Done;
    return taken ? next : active(id);
  }

  /** Returns the active token, and creates it if there is none. */
  private Secret activeOrNew(InstanceId id) {
    return active(id).orElseGet(() -> newOrActive(id));
  }

  /** Creates the token, or returns the active one. Saves a query if there is none yet. */
  public Secret newOrActive(InstanceId id) {
    var created = create();
    // Another node may have created one meanwhile, and a caller may already have it.
    if (secrets.create(id.value(), SecretNames.GATEWAY_TOKEN, created)) return created;
    return active(id)
        .orElseThrow(
            () ->
                new WorkFailure(
                    "TOKEN_MISSING",
                    cannot(
                        "create the gateway token",
                        "another node creates or removes it at the same time",
                        "try again")));
  }

  /**
   * Writes the active token into the file before a gateway starts. The file may hold an older token
   * or that of an unfinished rotation. After a restore, creates a new token first: the restored one
   * may have been rotated away after the backup.
   */
  public void finishRotation(InstanceId id, SandboxId sandbox, Fence fence) {
    boolean restored = secrets.outdatedTokens().contains(id.value());
    if (restored) {
      secrets.put(id.value(), SecretNames.GATEWAY_TOKEN, create());
      // A rotation that was pending at the backup gets another token, too.
      secrets.delete(id.value(), SecretNames.NEXT_GATEWAY_TOKEN);
    }
    if (restored || kept(id).isPresent()) {
      active(id).ifPresent(token -> writeFile(sandbox, fence, token));
    }
    // Last, because a crash repeats the start.
    if (restored) secrets.outdatedTokens().remove(id.value());
  }

  /**
   * Performs the pending rotation; may be repeated.
   *
   * @throws WorkFailure {@code TOKEN_SUPERSEDED} if a later rotation has begun
   */
  public void rotate(InstanceId id, RotateToken wanted) throws InterruptedException {
    var previous = activeOrNew(id);
    var next = next(id, wanted.rotation());
    if (!wanted.endpoint().isEmpty()) {
      handOver(id, wanted, previous, next);
    }
    boolean written =
        secrets.putIf(
            id.value(),
            SecretNames.GATEWAY_TOKEN,
            next.token(),
            SecretNames.NEXT_GATEWAY_TOKEN,
            kept -> kept.map(Next::of).equals(Optional.of(next)));
    if (!written) throw superseded(wanted.rotation());
  }

  private Next next(InstanceId id, int rotation) {
    var before = kept(id);
    if (before.isEmpty() || before.get().rotation() < rotation) {
      var created = new Next(rotation, create());
      var name = SecretNames.NEXT_GATEWAY_TOKEN;
      boolean written =
          secrets.putIf(
              id.value(),
              name,
              created.toSecret(),
              name,
              kept -> kept.isEmpty() || Next.of(kept.get()).rotation() < rotation);
      if (written) return created;
    }
    return kept(id)
        .filter(kept -> kept.rotation() == rotation)
        .orElseThrow(() -> superseded(rotation));
  }

  private static WorkFailure superseded(int rotation) {
    return new WorkFailure(
        "TOKEN_SUPERSEDED",
        cannot("finish rotation " + rotation + " of the gateway token", "a later one has begun"));
  }

  private void handOver(InstanceId id, RotateToken wanted, Secret previous, Next next)
      throws InterruptedException {
    var gateway = SandboxEndpoint.parse(wanted.endpoint());
    var token = next.token();
    if (isOnly(gateway, token, previous)) return;
    var sandbox = SandboxId.ofInstance(id.value());
    var fence = Fence.ofAttempt(wanted.attempt());
    writeFile(sandbox, fence, token);
    if (!kept(id).equals(Optional.of(next))) {
      // A later rotation of the same attempt may have written the file before this one.
      writeActive(id, sandbox, fence);
      throw superseded(wanted.rotation());
    }
    // The gateway closes all connections of the previous token, including this one, so its response
    // may be lost. Only the token that it accepts counts.
    var answer =
        conversations.reloadSecrets(new Gateway(gateway, previous, devices.of(id.value())));
    long until = System.nanoTime() + limit.toNanos();
    while (!isOnly(gateway, token, previous)) {
      if (System.nanoTime() > until) {
        throw new WorkFailure(
            "TOKEN_NOT_TAKEN",
            "the gateway did not accept its new token within "
                + limit.toSeconds()
                + " s: "
                + answer);
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Writes the active token into the file, and again if it changed meanwhile. */
  private void writeActive(InstanceId id, SandboxId sandbox, Fence fence) {
    Optional<Secret> written = Optional.empty();
    for (var token = active(id); !token.equals(written); token = active(id)) {
      token.ifPresent(active -> writeFile(sandbox, fence, active));
      written = token;
    }
  }

  /** Returns whether the gateway accepts the next token and no longer the previous one. */
  private boolean isOnly(SandboxEndpoint gateway, Secret next, Secret previous)
      throws InterruptedException {
    return admin.health(gateway, next) instanceof Done
        && (previous.equals(next) || admin.health(gateway, previous) instanceof TokenRefused);
  }

  private void writeFile(SandboxId sandbox, Fence fence, Secret token) {
    engine
        .homes()
        .writeFiles(
            sandbox, fence, List.of(OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token)));
  }

  private Optional<Next> kept(InstanceId id) {
    return secrets.get(id.value(), SecretNames.NEXT_GATEWAY_TOKEN).map(Next::of);
  }

  private Secret create() {
    var bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    return Secret.of(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** A token and the number of its rotation, as they are stored. */
  private record Next(int rotation, Secret token) {
    static Next of(Secret kept) {
      var parts = kept.reveal().split(" ", 2);
      return new Next(Integer.parseInt(parts[0]), Secret.of(parts[1]));
    }

    Secret toSecret() {
      return Secret.of(rotation + " " + token.reveal());
    }
  }
}
