package lucid.grpo.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class PolicyLossTest {
    @Test void aClampThatTheKernelDoesNotHaveIsRefused() {
        assertEquals(100f, new PolicyLoss(0.2, 0.3, 0.04, Kl.TINY_LLAVA_VIDEO_R1).settings().klClamp());
        PolicyLoss loss = new PolicyLoss(0.2, 0.3, 0.04, Kl.VIDEO_R1);
        String message = assertThrows(IllegalArgumentException.class, loss::settings).getMessage();
        assertTrue(message.startsWith("policy loss: input_clamp 10.0 "), message);
    }
}
