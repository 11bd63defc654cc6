package dev.chowder.effect;

import dev.chowder.effect.GatewayWork.WorkFailure;
import dev.chowder.instance.InstanceEffect.RotateToken;
import dev.chowder.instance.InstanceId;
import dev.chowder.openclaw.AdminAnswer.Done;
import dev.chowder.openclaw.AdminAnswer.TokenRefused;
import dev.chowder.openclaw.GatewayConversations;
import dev.chowder.openclaw.GatewayConversations.Gateway;
import dev.chowder.openclaw.GatewayDevices;
import dev.chowder.openclaw.OpenClawAdmin;
import dev.chowder.openclaw.OpenClawHome;
import dev.chowder.sandbox.Fence;
import dev.chowder.sandbox.SandboxDriver;
import dev.chowder.sandbox.SandboxDriver.SandboxEndpoint;
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
 * The tokens that open instances' gateways: makes them, and puts one in the place of another so
 * that at any moment one is valid, and it can be told which. The next one is kept beside the
 * present one, under the number of its rotation, until the gateway takes it; so after a crash the
 * same is done again, with the same token.
 *
 * <p>That number is also the fence: a node that was paused in a rotation writes nothing once
 * another node has begun a later one.
 */
public final class GatewayTokens {
  private static final int TOKEN_BYTES = 32;

  /** Between two looks whether a gateway has taken a token; it takes about a second for that. */
  private static final Duration PAUSE = Duration.ofMillis(50);

  private final SecretStore secrets;
  private final SandboxDriver driver;
  private final OpenClawAdmin admin;
  private final GatewayConversations conversations;
  private final GatewayDevices devices;
  private final Duration limit;
  private final SecureRandom random = new SecureRandom();

  /**
   * Wires them.
   *
   * @param limit how long a gateway may take to change its token
   */
  public GatewayTokens(
      SecretStore secrets,
      SandboxDriver driver,
      OpenClawAdmin admin,
      GatewayConversations conversations,
      GatewayDevices devices,
      Duration limit) {
    this.secrets = secrets;
    this.driver = driver;
    this.admin = admin;
    this.conversations = conversations;
    this.devices = devices;
    this.limit = limit;
  }

  /** The one that is valid, as far as is settled; empty before it was made. */
  public Optional<Secret> active(InstanceId id) {
    return secrets.get(id.value(), SecretNames.GATEWAY_TOKEN);
  }

  /** The one that takes its place while a rotation is owed; empty before it was made. */
  public Optional<Secret> next(InstanceId id) {
    return kept(id).map(Next::token);
  }

  /** The one that the gateway at this address takes now, of an instance that owes a rotation. */
  public Optional<Secret> valid(InstanceId id, SandboxEndpoint gateway)
      throws InterruptedException {
    var next = next(id);
    boolean taken = next.isPresent() && admin.health(gateway, next.get()) instanceof Done;
    return taken ? next : active(id);
  }

  /** The settled one, made when there is none. */
  Secret activeOrNew(InstanceId id) {
    var active = active(id);
    if (active.isPresent()) return active.get();
    var made = make();
    var name = SecretNames.GATEWAY_TOKEN;
    // Another node may have made one meanwhile, which a caller may already have.
    if (secrets.putIf(id.value(), name, made, name, Optional::isEmpty)) return made;
    return active(id)
        .orElseThrow(
            () ->
                new WorkFailure(
                    "TOKEN_MISSING",
                    "cannot create the gateway token: another node creates or removes it; it is"
                        + " tried again"));
  }

  /** Before a gateway starts: its file may be of before a rotation, or from the midst of one. */
  void finishRotation(InstanceId id, SandboxId sandbox, Fence fence) {
    if (kept(id).isEmpty()) return;
    active(id).ifPresent(token -> writeFile(sandbox, fence, token));
  }

  /**
   * Performs the pending rotation; may be repeated.
   *
   * @throws WorkFailure {@code TOKEN_SUPERSEDED} if a later rotation has begun
   */
  void rotate(InstanceId id, RotateToken wanted) throws InterruptedException {
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
      var made = new Next(rotation, make());
      var name = SecretNames.NEXT_GATEWAY_TOKEN;
      boolean written =
          secrets.putIf(
              id.value(),
              name,
              made.toSecret(),
              name,
              kept -> kept.isEmpty() || Next.of(kept.get()).rotation() < rotation);
      if (written) return made;
    }
    return kept(id)
        .filter(kept -> kept.rotation() == rotation)
        .orElseThrow(() -> superseded(rotation));
  }

  private static WorkFailure superseded(int rotation) {
    return new WorkFailure(
        "TOKEN_SUPERSEDED",
        "cannot finish rotation " + rotation + " of the gateway token: a later one has begun");
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
      writeSettled(id, sandbox, fence);
      throw superseded(wanted.rotation());
    }
    // It cuts the connections that the former token opened, this one among them, so that its answer
    // may be lost: what counts is which token it takes.
    var answer =
        conversations.reloadSecrets(new Gateway(gateway, previous, devices.of(id.value())));
    long until = System.nanoTime() + limit.toNanos();
    while (!isOnly(gateway, token, previous)) {
      if (System.nanoTime() > until) {
        throw new WorkFailure(
            "TOKEN_NOT_TAKEN",
            "the gateway did not take its new token within " + limit.toSeconds() + " s: " + answer);
      }
      Thread.sleep(PAUSE);
    }
  }

  /** Writes the settled token into the file, again if another one was settled meanwhile. */
  private void writeSettled(InstanceId id, SandboxId sandbox, Fence fence) {
    Optional<Secret> written = Optional.empty();
    for (var token = active(id); !token.equals(written); token = active(id)) {
      token.ifPresent(active -> writeFile(sandbox, fence, active));
      written = token;
    }
  }

  /** Whether the gateway takes the one and not the other. */
  private boolean isOnly(SandboxEndpoint gateway, Secret next, Secret previous)
      throws InterruptedException {
    return admin.health(gateway, next) instanceof Done
        && (previous.equals(next) || admin.health(gateway, previous) instanceof TokenRefused);
  }

  private void writeFile(SandboxId sandbox, Fence fence, Secret token) {
    driver.writeFiles(
        sandbox, fence, List.of(OpenClawHome.secretFile(OpenClawHome.GATEWAY_TOKEN, token)));
  }

  private Optional<Next> kept(InstanceId id) {
    return secrets.get(id.value(), SecretNames.NEXT_GATEWAY_TOKEN).map(Next::of);
  }

  private Secret make() {
    var bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    return Secret.of(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
  }

  /** A token and the rotation that it is for, as they are kept. */
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
