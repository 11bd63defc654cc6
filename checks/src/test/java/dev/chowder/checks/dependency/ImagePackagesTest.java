package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ImagePackagesTest {
  @Test
  void sourcePackagesAreListedOnce() {
    assertThat(ImagePackages.parse("13\nglibc 2.41-12\ncurl 8.14.1-2\nglibc 2.41-12\n"))
        .containsExactly(
            new ShippedPackage("Debian:13", "glibc", "2.41-12", List.of()),
            new ShippedPackage("Debian:13", "curl", "8.14.1-2", List.of()));
  }

  @Test
  void aMissingImageHasNoList() {
    assertThat(ImagePackages.of("chowder/no-such-image:none")).isEmpty();
  }
}
