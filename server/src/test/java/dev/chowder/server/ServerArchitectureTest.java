package dev.chowder.server;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.conditions.ArchConditions;
import dev.chowder.sandbox.SandboxEngine;
import dev.chowder.sandbox.SandboxHomes;
import dev.chowder.sandbox.SandboxHost;
import dev.chowder.sandbox.SandboxTasks;
import dev.chowder.server.metrics.EngineMetrics;
import dev.chowder.server.metrics.HostMetrics;
import org.junit.jupiter.api.Test;

/** Checks rules of {@code server} that no compiler checks. */
class ServerArchitectureTest {
  private static final JavaClasses SERVER =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("dev.chowder.server");

  private static final String CALL = "dev.chowder.server.call..";
  private static final String RATE = "dev.chowder.server.rate..";
  private static final String REQUEST = "dev.chowder.server.request..";

  @Test
  void limitsDoNotKnowTheChain() {
    dependsOnNone(RATE, CALL, REQUEST).check(SERVER);
  }

  @Test
  void fieldsOfRequestsKnowNeitherTheChainNorLimits() {
    dependsOnNone(REQUEST, CALL, RATE).check(SERVER);
  }

  @Test
  void theServerDoesNotKnowJetty() {
    dependsOnNone("dev.chowder.server..", "org.eclipse.jetty..").check(SERVER);
  }

  @Test
  void aDependencyOfTheChainOnLimitsIsFound() {
    assertThat(dependsOnNone(CALL, RATE).evaluate(SERVER).hasViolation()).isTrue();
  }

  private static ArchRule dependsOnNone(String from, String... to) {
    return noClasses()
        .that()
        .resideInAPackage(from)
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(to);
  }

  /**
   * {@link Chowder} measures the engine and passes it to the modules below; the rest asks {@code
   * Sandboxes}.
   */
  @Test
  void onlyTheStartKnowsAnEngine() {
    noClasses()
        .that()
        .doNotBelongToAnyOf(
            Chowder.class, SimulatorJars.class, EngineMetrics.class, HostMetrics.class)
        .should(dependOnAnEngine())
        .because("the instance's sandbox may be on any engine of the node")
        .check(SERVER);
  }

  @Test
  void anEngineInTheStartIsFound() {
    ArchRule rule = noClasses().should(dependOnAnEngine());
    assertThat(rule.evaluate(new ClassFileImporter().importClasses(Chowder.class)).hasViolation())
        .isTrue();
  }

  /** A node loads the simulator from a jar, which releases do not contain. */
  @Test
  void theServerDoesNotNeedTheSimulator() {
    dependsOnNone("dev.chowder.server..", "dev.chowder.simulator..").check(SERVER);
  }

  private static ArchCondition<JavaClass> dependOnAnEngine() {
    return ArchConditions.dependOnClassesThat(
        JavaClass.Predicates.belongToAnyOf(
            SandboxEngine.class, SandboxTasks.class, SandboxHomes.class, SandboxHost.class));
  }
}
