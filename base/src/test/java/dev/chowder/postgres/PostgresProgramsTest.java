package dev.chowder.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PostgresProgramsTest {
  @TempDir private Path folder;

  @Test
  void theNewestVersionIsFound() throws IOException {
    for (var version : new String[] {"9.6", "15", "8"}) program(version, "initdb");
    assertThat(PostgresPrograms.newest(folder))
        .contains(new PostgresPrograms(folder.resolve("15/bin")));
  }

  @Test
  void aFolderWithoutInitdbIsNoVersion() throws IOException {
    program("15", "initdb");
    // Debian's package of the clients has only these.
    program("17", "psql");
    program("old", "initdb");
    assertThat(PostgresPrograms.newest(folder))
        .contains(new PostgresPrograms(folder.resolve("15/bin")));
  }

  @Test
  void withoutVersionsThereIsNone() {
    assertThat(PostgresPrograms.newest(folder)).isEmpty();
    assertThat(PostgresPrograms.newest(folder.resolve("none"))).isEmpty();
  }

  @Test
  void theVersionIsThatOfTheServer() throws IOException {
    var postgres = program("15", "postgres");
    Files.writeString(postgres, "#!/bin/sh\necho 'postgres (PostgreSQL) 15.13 (Debian 15.13-0)'\n");
    assertThat(new PostgresPrograms(folder.resolve("15/bin")).version()).isEqualTo("15.13");
  }

  private Path program(String version, String name) throws IOException {
    var file = Files.createDirectories(folder.resolve(version + "/bin")).resolve(name);
    return Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
  }
}
