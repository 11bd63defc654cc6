package dev.chowder.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import dev.chowder.sandbox.SandboxId;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.function.BooleanSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Names the containers of sandboxes. The engine's name server tells each sandbox the names of all
 * containers on its network. With a key, a name is therefore a keyed hash of the sandbox's id, and
 * without one it contains the id.
 */
final class ContainerNames {
  private static final String ALGORITHM = "HmacSHA256";

  /** 128 bits, so that no two sandboxes have the same name. */
  private static final int HASH_BYTES = 16;

  private volatile @Nullable Hidden hidden;

  private record Hidden(SecretKeySpec key, BooleanSupplier allowed) {}

  /**
   * Sets the key.
   *
   * @param allowed returns whether names may be hashes
   */
  void hide(ByteString key, BooleanSupplier allowed) {
    hidden = new Hidden(new SecretKeySpec(key.toByteArray(), ALGORITHM), allowed);
  }

  /** Returns the name of a container that is created now. */
  String of(SandboxId id, String role) {
    var known = hidden;
    if (known == null || !known.allowed().getAsBoolean()) return id + "-" + role;
    return "sb-" + hash(known.key(), id) + "-" + role;
  }

  private static String hash(SecretKeySpec key, SandboxId id) {
    try {
      var mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return HexFormat.of().formatHex(mac.doFinal(id.value().getBytes(UTF_8)), 0, HASH_BYTES);
    } catch (GeneralSecurityException why) {
      throw new IllegalStateException(why);
    }
  }
}
