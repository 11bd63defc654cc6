package dev.chowder.sandbox;

/**
 * Names of the variants of the sandbox image, which {@code image/variants} lists, and of their
 * images.
 */
public final class ImageVariant {
  /** The image itself, which all other variants extend. */
  public static final String SMALL = "small";

  private ImageVariant() {}

  /**
   * Returns the name of the image of a variant, as {@code image/build} gives it.
   *
   * @param small name of the image
   */
  public static String image(String small, String variant) {
    return variant.equals(SMALL) ? small : small + "-" + variant;
  }
}
