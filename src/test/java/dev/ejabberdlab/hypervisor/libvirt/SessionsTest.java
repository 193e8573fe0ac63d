package dev.ejabberdlab.hypervisor.libvirt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;

import dev.ejabberdlab.hypervisor.libvirt.Operation.OnHost;
import org.junit.jupiter.api.Test;

class SessionsTest {

  private static final ConnectionUri TEST_DRIVER = new ConnectionUri("test:///default");

  @Test
  void aSessionThatIsLostBeforeAnybodyHasItIsReplaced() {
    try (Sessions sessions = new Sessions(TEST_DRIVER, null)) {
      Session lost =
          new Session(TEST_DRIVER, mock(LibvirtConnect.class), null, (session, reason) -> {});
      lost.lose("libvirt closed the connection");
      assertThat(sessions.publish(lost)).isTrue();

      assertThat(sessions.current(new OnHost("try it")).isLost()).isFalse();
    }
  }
}
