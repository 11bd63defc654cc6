package dev.chowder.checks.dependency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chowder.checks.Project;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LicencesTest {
  @TempDir private Path folder;

  @Test
  void theFilesOfAJarAreCopied() throws IOException {
    var jar = jar("a-1.jar", Map.of("META-INF/LICENSE.txt", "terms", "META-INF/NOTICE", "thanks"));
    write(maven("g:a", "Apache-2.0"), Map.of("a-1.jar", jar));
    assertThat(to().resolve("a-1/license.txt")).hasContent("terms");
    assertThat(to().resolve("a-1/notice")).hasContent("thanks");
    assertThat(to().resolve("a-1/LICENSE")).doesNotExist();
    assertThat(to().resolve("THIRD-PARTY.md")).content().contains("| g:a | 1 | Apache-2.0 |");
  }

  @Test
  void aJarWithANoticeOnlyGetsTheTextOfItsLicence() throws IOException {
    var jar = jar("a-1.jar", Map.of("META-INF/NOTICE", "thanks", "a/License.class", "code"));
    write(maven("g:a", "Unknown", "Apache-2.0"), Map.of("a-1.jar", jar));
    assertThat(to().resolve("a-1/LICENSE")).content().contains("Apache License");
  }

  @Test
  void aLicenceWithACopyrightHasItsLine() throws IOException {
    write(maven("com.google.re2j:re2j", "Go License"), Map.of());
    assertThat(to().resolve("re2j-1/LICENSE"))
        .content()
        .startsWith("Copyright (c) 2009 The Go Authors.")
        .contains("Redistribution and use in source and binary forms")
        .doesNotContain("<owner>");
  }

  @Test
  void anUnknownLicenceIsAnError() {
    for (var one : List.of(maven("g:a", "Mine"), maven("g:a", "MIT"), maven("g:a"))) {
      assertThatThrownBy(() -> write(one, Map.of()))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot write the licence of g:a");
    }
  }

  private void write(ShippedPackage one, Map<String, Path> jars) throws IOException {
    Licences.of(Project.here()).write(List.of(one), jars, to());
  }

  private Path to() {
    return folder.resolve("licences");
  }

  private static ShippedPackage maven(String name, String... licences) {
    return new ShippedPackage("Maven", name, "1", List.of(licences));
  }

  private Path jar(String name, Map<String, String> entries) throws IOException {
    var jar = folder.resolve(name);
    try (var zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (var entry : entries.entrySet()) {
        zip.putNextEntry(new ZipEntry(entry.getKey()));
        zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
      }
    }
    return jar;
  }
}
