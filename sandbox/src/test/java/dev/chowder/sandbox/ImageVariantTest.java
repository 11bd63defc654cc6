package dev.chowder.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ImageVariantTest {
  @Test
  void theNameOfAVariantExtendsThatOfTheImage() {
    assertThat(ImageVariant.image("repository/image:1", "small")).isEqualTo("repository/image:1");
    assertThat(ImageVariant.image("repository/image:1", "tools"))
        .isEqualTo("repository/image:1-tools");
  }
}
