internal import CAttuneKernels

/// What layer normalisation keeps for its backward: two numbers a row.
public struct LayerNormStatistics: Sendable {
    /// The mean of each row, `[T]`.
    public var mean: [Float]
    /// 1 / sqrt(variance + epsilon) of each row, `[T]`.
    public var reciprocalDeviation: [Float]

    /// Statistics of no rows, to be filled by ``layerNorm(_:gain:bias:epsilon:into:statistics:)``.
    public init() {
        mean = []
        reciprocalDeviation = []
    }

    /// Statistics computed elsewhere.
    public init(mean: [Float], reciprocalDeviation: [Float]) {
        self.mean = mean
        self.reciprocalDeviation = reciprocalDeviation
    }
}

/// y = (x - mean) / sqrt(variance + epsilon) · gain + bias, row by row; the variance is divided by D.
///
/// x and y are `[T, D]`, gain and bias `[D]`. Where `statistics` is not nil it is replaced by those of x.
public func layerNorm(
    _ x: MatrixView<Float>, gain: [Float], bias: [Float], epsilon: Float, into y: inout Matrix<Float>,
    statistics: inout LayerNormStatistics?
) {
    checkShape(x, y, "layer norm")
    let columns = x.columns
    precondition(
        gain.count == columns && bias.count == columns,
        "layer norm: gain of \(gain.count) and bias of \(bias.count) for \(columns) columns")
    var means = [Float](repeating: 0, count: x.rows)
    var deviations = means
    let yStride = y.stride
    y.withUnsafeMutablePointer { y in
        x.withUnsafePointer { base in
            means.withUnsafeMutableBufferPointer { means in
                deviations.withUnsafeMutableBufferPointer { deviations in
                    forEachRow(x.rows, columns: columns) { row in
                        kernels.layer_norm(
                            base + row * x.stride, gain, bias, columns, epsilon, y + row * yStride, &means[row],
                            &deviations[row])
                    }
                }
            }
        }
    }
    if statistics != nil { statistics = LayerNormStatistics(mean: means, reciprocalDeviation: deviations) }
}

/// The backward of ``layerNorm(_:gain:bias:epsilon:into:statistics:)``.
///
/// dy, x and dx are `[T, D]`. Where they are not nil, `accumulatingGain` and `accumulatingBias` `[D]` have the gradients of
/// gain and bias added, in a fixed order.
public func layerNormBackward(
    _ dy: MatrixView<Float>, x: MatrixView<Float>, gain: [Float], statistics: LayerNormStatistics,
    into dx: inout Matrix<Float>, accumulatingGain: inout [Float]?, accumulatingBias: inout [Float]?
) {
    checkShape(dy, x, "layer norm backward")
    checkShape(dy, dx, "layer norm backward")
    let columns = x.columns
    precondition(gain.count == columns, "layer norm backward: gain of \(gain.count) for \(columns) columns")
    precondition(
        statistics.mean.count == x.rows && statistics.reciprocalDeviation.count == x.rows,
        "layer norm backward: statistics of \(statistics.mean.count) rows for \(x.rows)")
    let dxStride = dx.stride
    dx.withUnsafeMutablePointer { dx in
        dy.withUnsafePointer { dyBase in
            x.withUnsafePointer { base in
                forEachRow(x.rows, columns: columns) { row in
                    kernels.layer_norm_backward(
                        dyBase + row * dy.stride, base + row * x.stride, gain, statistics.mean[row],
                        statistics.reciprocalDeviation[row], columns, dx + row * dxStride)
                }
            }
        }
    }
    guard accumulatingGain != nil || accumulatingBias != nil else { return }
    let sums = layerNormParameterGradients(dy, x: x, statistics: statistics)
    add(sums.row(0), to: &accumulatingGain)
    add(sums.row(1), to: &accumulatingBias)
}

/// The gradients of gain and bias, as two rows `[2, D]`.
private func layerNormParameterGradients(
    _ dy: MatrixView<Float>, x: MatrixView<Float>, statistics: LayerNormStatistics
) -> Matrix<Float> {
    sumInBlocks(rows: x.rows, sums: 2, columns: x.columns) { range, sums, stride in
        dy.withUnsafePointer { dyBase in
            x.withUnsafePointer { base in
                for row in range {
                    kernels.layer_norm_backward_parameters(
                        dyBase + row * dy.stride, base + row * x.stride, statistics.mean[row],
                        statistics.reciprocalDeviation[row], x.columns, sums, sums + stride)
                }
            }
        }
    }
}

private func add(_ sums: [Float], to gradient: inout [Float]?) {
    guard var present = gradient.take() else { return }
    precondition(present.count == sums.count, "a gradient of \(present.count) for \(sums.count) columns")
    kernels.axpy(1, sums, &present, sums.count)
    gradient = present
}
