/// The Gaussian error linear unit: x times the probability that a normal variable is below x.
///
/// Hendrycks and Gimpel, arXiv:1606.08415.
public enum GELU: Sendable, Hashable {
    /// By the error function: `gelu` in model files.
    case exact
    /// By the hyperbolic tangent, as in the first BERT and GPT: `gelu_new`, `gelu_pytorch_tanh`.
    case tanh
}

/// y = GELU(x). x and y are `[T, F]`. Within 1.5e-7·max(1, |x|) of the true value.
public func gelu(_ x: MatrixView<Float>, _ form: GELU, into y: inout Matrix<Float>) {
    checkShape(x, y, "GELU")
    let yStride = y.stride
    y.withUnsafeMutablePointer { y in
        x.withUnsafePointer { base in
            forEachRow(x.rows, columns: x.columns) { row in
                RowKernels.gelu(base + row * x.stride, form, into: y + row * yStride, count: x.columns)
            }
        }
    }
}

/// dx = dy·GELU'(x). All are `[T, F]`.
public func geluBackward(
    _ dy: MatrixView<Float>, x: MatrixView<Float>, _ form: GELU, into dx: inout Matrix<Float>
) {
    checkShape(dy, x, "GELU backward")
    checkShape(dy, dx, "GELU backward")
    let dxStride = dx.stride
    dx.withUnsafeMutablePointer { dx in
        dy.withUnsafePointer { dyBase in
            x.withUnsafePointer { base in
                forEachRow(x.rows, columns: x.columns) { row in
                    RowKernels.geluBackward(
                        dyBase + row * dy.stride, x: base + row * x.stride, form, into: dx + row * dxStride,
                        count: x.columns)
                }
            }
        }
    }
}
