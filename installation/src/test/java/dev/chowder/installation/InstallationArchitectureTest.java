package dev.chowder.installation;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Checks rules of {@code installation} that no compiler checks. */
class InstallationArchitectureTest {
  private static final JavaClasses INSTALLATION =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder.installation");

  @Test
  void packagesHaveNoCycles() {
    slices()
        .matching("dev.chowder.(installation.*)..")
        .should()
        .beFreeOfCycles()
        .check(INSTALLATION);
    noClasses()
        .that()
        .resideInAPackage("dev.chowder.installation.*")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("dev.chowder.installation")
        .check(INSTALLATION);
  }

  @Test
  void theSiteKnowsNoOtherPart() {
    noOtherPart("site");
  }

  /** A process is the same for each program, and a port for each use. */
  @Test
  void processesAndPortsKnowOnlyTheSite() {
    noOtherPart("process", "site");
    noOtherPart("http", "site");
    noOtherPart("docker", "site");
  }

  private static void noOtherPart(String part, String... known) {
    var own = new String[known.length + 1];
    own[0] = "dev.chowder.installation." + part;
    for (int i = 0; i < known.length; i++) own[i + 1] = "dev.chowder.installation." + known[i];
    classes()
        .that()
        .resideInAPackage("dev.chowder.installation." + part)
        .should()
        .onlyDependOnClassesThat(
            JavaClass.Predicates.resideOutsideOfPackage("dev.chowder.installation..")
                .or(JavaClass.Predicates.resideInAnyPackage(own)))
        .check(INSTALLATION);
  }

  /** All state is in files, so that a start continues where an earlier one ended. */
  @Test
  void commandsKnowNoSqlAndNoEngine() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.sql..",
            "com.github.dockerjava..",
            "org.apache.pekko..",
            "dev.chowder.sandbox..",
            "io.grpc..")
        .check(INSTALLATION);
  }

  /** A program that a command starts gets its variables from {@code Site}. */
  @Test
  void onlyTheStartOfTheProcessReadsItsEnvironment() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("dev.chowder.installation.Main")
        .should()
        .callMethodWhere(
            DescribedPredicate.describe(
                "the environment is read",
                call ->
                    call.getTargetOwner().isEquivalentTo(System.class)
                        && call.getName().equals("getenv")))
        .check(INSTALLATION);
  }
}
