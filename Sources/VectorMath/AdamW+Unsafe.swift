internal import CAttuneKernels
internal import Glibc

/// One step of AdamW in place, with the formula and the order of operations of `torch.optim.AdamW`.
///
/// g = gradientScale·gradient; p *= 1 - learningRate·weightDecay; m += (1-beta1)(g - m); v = beta2·v + (1-beta2)g²;
/// p -= learningRate/(1-beta1^step) · m / (sqrt(v)/sqrt(1-beta2^step) + epsilon). All matrices have one shape; `step`
/// counts from 1. Loshchilov and Hutter, arXiv:1711.05101.
public func adamWStep(
    parameters: inout Matrix<Float>, gradients: MatrixView<Float>, firstMoment: inout Matrix<Float>,
    secondMoment: inout Matrix<Float>, learningRate: Double, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double, step: Int, gradientScale: Float = 1
) {
    checkShape(gradients, parameters, "AdamW")
    checkShape(gradients, firstMoment, "AdamW")
    checkShape(gradients, secondMoment, "AdamW")
    precondition(step >= 1, "AdamW: steps count from 1, not \(step)")
    var setting = attune_adamw(
        decay: Float(1 - learningRate * weightDecay), beta1_complement: Float(1 - beta1), beta2: Float(beta2),
        beta2_complement: Float(1 - beta2), step_size: Float(learningRate / (1 - pow(beta1, Double(step)))),
        correction: Float((1 - pow(beta2, Double(step))).squareRoot()), epsilon: Float(epsilon),
        gradient_scale: gradientScale)
    let (rows, columns, stride) = (parameters.rows, parameters.columns, parameters.stride)
    parameters.withUnsafeMutablePointer { parameters in
        firstMoment.withUnsafeMutablePointer { first in
            secondMoment.withUnsafeMutablePointer { second in
                gradients.withUnsafePointer { base in
                    withUnsafePointer(to: &setting) { setting in
                        forEachRow(rows, columns: columns) { row in
                            let offset = row * stride
                            kernels.adamw(
                                parameters + offset, base + row * gradients.stride, first + offset,
                                second + offset, columns, setting)
                        }
                    }
                }
            }
        }
    }
}
