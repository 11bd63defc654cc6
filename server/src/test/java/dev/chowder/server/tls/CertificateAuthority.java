package dev.chowder.server.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.AdvancedTlsX509TrustManager;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A CA for one test, with certificates as files, as an operator has them. */
public final class CertificateAuthority {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);
  private static final AtomicInteger SERIAL = new AtomicInteger();

  private final Path folder;
  private final X500Name name;
  private final KeyPair keys;
  private final Path certificate;

  /** A certificate with its key. */
  public record Identity(Path certificate, Path key) {
    /**
     * Replaces these files by those of another identity, by a rename, as operators do at runtime.
     */
    public void become(Identity other) throws IOException {
      Files.move(other.certificate, certificate, StandardCopyOption.ATOMIC_MOVE);
      Files.move(other.key, key, StandardCopyOption.ATOMIC_MOVE);
    }
  }

  /** Creates a CA that no peer trusts yet. */
  public CertificateAuthority(Path folder, String name) throws IOException {
    this.folder = folder;
    this.name = new X500Name("CN=" + name);
    this.keys = keys();
    this.certificate = folder.resolve(name + ".crt");
    write(certificate, "CERTIFICATE", signed(this.name, keys, Instant.now().plusSeconds(3600)));
  }

  /** Returns the CA's certificate, which peers that trust this CA need. */
  public Path certificate() {
    return certificate;
  }

  /**
   * Issues a certificate and a key.
   *
   * @param subject subject, and prefix of the file names
   */
  public Identity issue(String subject, String... dnsNames) throws IOException {
    return issue(subject, Instant.now().plusSeconds(3600), dnsNames);
  }

  Identity issue(String subject, Instant until, String... dnsNames) throws IOException {
    var own = keys();
    var file = folder.resolve(subject + "-" + SERIAL.incrementAndGet());
    var identity = new Identity(Path.of(file + ".crt"), Path.of(file + ".key"));
    write(
        identity.certificate(),
        "CERTIFICATE",
        signed(new X500Name("CN=" + subject), own, until, dnsNames));
    write(identity.key(), "PRIVATE KEY", own.getPrivate().getEncoded());
    return identity;
  }

  /** Returns the credentials of a gRPC client with a certificate that trusts this CA. */
  public ChannelCredentials client(Identity identity) throws IOException {
    return TlsChannelCredentials.newBuilder()
        .trustManager(certificate.toFile())
        .keyManager(identity.certificate().toFile(), identity.key().toFile())
        .build();
  }

  /** Returns the credentials of a gRPC client without a certificate that trusts this CA. */
  public ChannelCredentials client() throws IOException {
    return TlsChannelCredentials.newBuilder().trustManager(certificate.toFile()).build();
  }

  /** Returns the context of another client; without an identity it has no certificate. */
  public SSLContext context(Identity... identity) {
    try {
      var believed = AdvancedTlsX509TrustManager.newBuilder().build();
      believed.updateTrustCredentials(certificate.toFile());
      var own = new AdvancedTlsX509KeyManager();
      for (var one : identity) {
        own.updateIdentityCredentials(one.certificate().toFile(), one.key().toFile());
      }
      var context = SSLContext.getInstance("TLS");
      context.init(
          identity.length == 0 ? null : new KeyManager[] {own},
          new TrustManager[] {believed},
          null);
      return context;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] signed(X500Name subject, KeyPair own, Instant until, String... dnsNames)
      throws IOException {
    var builder =
        new X509v3CertificateBuilder(
            name,
            new BigInteger(64, new SecureRandom()),
            time(Instant.now().minusSeconds(7200)),
            time(until),
            subject,
            SubjectPublicKeyInfo.getInstance(own.getPublic().getEncoded()));
    extend(builder, own == keys, dnsNames);
    try {
      X509CertificateHolder made =
          builder.build(new JcaContentSignerBuilder("SHA256withRSA").build(keys.getPrivate()));
      return made.getEncoded();
    } catch (OperatorCreationException e) {
      throw new IOException(e);
    }
  }

  private static void extend(X509v3CertificateBuilder builder, boolean ca, String... dnsNames)
      throws CertIOException {
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(ca));
    if (dnsNames.length == 0) return;
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(
            Arrays.stream(dnsNames)
                .map(dns -> new GeneralName(GeneralName.dNSName, dns))
                .toArray(GeneralName[]::new)));
  }

  private static Time time(Instant when) {
    return new Time(new ASN1GeneralizedTime(TIME.format(when)));
  }

  private static KeyPair keys() {
    try {
      var generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void write(Path file, String what, byte[] der) throws IOException {
    var lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    Files.writeString(
        file,
        "-----BEGIN " + what + "-----\n" + lines + "\n-----END " + what + "-----\n",
        US_ASCII);
  }
}
