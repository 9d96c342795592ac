internal import CAttuneKernels

/// Rows of activations in the form that a product of some precision reads.
public struct ProductInput {
    /// Floats, bfloat16 or bytes without a sign.
    public let values: UnsafeRawPointer
    /// Values from a row to the next: even in bf16, a multiple of 4 in int8.
    public let stride: Int
    public let rows: Int
    /// In int8: a value v stands for `scale · (v - zero)`.
    public let scales: UnsafePointer<Float>?
    public let zeros: UnsafePointer<Int32>?

    public init(
        values: UnsafeRawPointer, stride: Int, rows: Int, scales: UnsafePointer<Float>? = nil,
        zeros: UnsafePointer<Int32>? = nil
    ) {
        self.values = values
        self.stride = stride
        self.rows = rows
        self.scales = scales
        self.zeros = zeros
    }
}

/// What happens to the sums of a product before they are stored: y = activation(sums + low-rank term + bias + residual).
public struct ProductTail {
    /// The low-rank term: values `[rows, R]` times a packed matrix in float32 of the product's outputs.
    public struct LowRank {
        public let values: UnsafePointer<Float>
        public let stride: Int
        public let weight: PackedMatrix

        public init(values: UnsafePointer<Float>, stride: Int, weight: PackedMatrix) {
            precondition(weight.precision == .f32, "the low-rank term is in float32")
            self.values = values
            self.stride = stride
            self.weight = weight
        }
    }

    /// The whole row's start, `[rows, outputs]`: floats, or bfloat16 where `isNarrow`.
    public var y: UnsafeMutableRawPointer
    public var yStride: Int
    public var isNarrow = false
    /// `[outputs]`.
    public var bias: UnsafePointer<Float>?
    /// `[rows, outputs]`, may be y.
    public var residual: UnsafePointer<Float>?
    public var residualStride = 0
    public var activation: GELU?
    /// Whether the exact GELU may be off by 1.3e-4·max(1, |x| / 2): where y is rounded to bfloat16 or 8 bits next.
    public var isActivationShort = false
    public var lowRank: LowRank?

    public init(y: UnsafeMutableRawPointer, yStride: Int) {
        self.y = y
        self.yStride = yStride
    }
}

extension PackedMatrix {
    init(
        _ weight: MatrixView<Float>, inputs: Int, outputs: Int, outputStride: Int, inputStride: Int,
        precision: Precision, arena: Arena?
    ) {
        precondition(
            precision != .int8 || inputs <= 32_768, "\(inputs) inputs in 8 bits, whose sums may be beyond 23 bits")
        self.inputs = inputs
        self.outputs = outputs
        self.precision = precision
        let count = (outputs + Self.panelWidth - 1) / Self.panelWidth
        let words = attune_packed_bytes(precision.code, inputs, Self.panelWidth) / 4
        let arena = arena ?? Arena(byteCount: count * words * 4)
        let panels = arena.take(Float.self, count: count * words)
        let whole = precision == .int8 ? count * Self.panelWidth : 0
        var scales = [Float](repeating: 0, count: whole)
        var sums = [Int32](repeating: 0, count: whole)
        weight.withUnsafePointer { weight in
            scales.withUnsafeMutableBufferPointer { scales in
                sums.withUnsafeMutableBufferPointer { sums in
                    let (scales, sums) = (scales.baseAddress, sums.baseAddress)
                    parallelFor(count, grain: 4) { range in
                        let first = range.lowerBound * Self.panelWidth
                        let width = min(outputs, range.upperBound * Self.panelWidth) - first
                        withUnsafeTemporaryAllocation(
                            byteCount: attune_pack_scratch(precision.code, inputs), alignment: 64
                        ) { scratch in
                            attune_pack(
                                Kernels.current.table, precision.code, weight + first * outputStride,
                                outputStride, inputStride, inputs, width, panels + range.lowerBound * words,
                                scales.map { $0 + first }, sums.map { $0 + first }, scratch.baseAddress!)
                        }
                    }
                }
            }
        }
        self.panels = MatrixView(
            unsafeBase: UnsafePointer(panels), rows: count, columns: words, stride: words, owner: arena)
        self.scales = scales
        self.sums = sums
    }

    /// Some columns of y, on the calling thread: for the bodies of ``parallelFor(_:grain:_:)``.
    ///
    /// - Parameters:
    ///   - x: `[rows, inputs]` in the matrix's precision.
    ///   - columns: Of y; begins at a multiple of ``panelWidth``, and ends at one or at the last output.
    public func multiply(_ x: ProductInput, columns: Range<Int>, tail: ProductTail) {
        let start = columns.lowerBound
        precondition(start % Self.panelWidth == 0, "columns begin at \(start), inside a panel")
        precondition(
            columns.upperBound == outputs
                || (columns.upperBound < outputs && columns.upperBound % Self.panelWidth == 0),
            "columns end at \(columns.upperBound) of \(outputs), inside a panel")
        guard x.rows > 0, !columns.isEmpty else { return }
        var operand = attune_operand(
            values: x.values, stride: x.stride, rows: x.rows, scales: x.scales, zeros: x.zeros)
        var target = attune_tail(
            row_factors: nil, bias: tail.bias.map { $0 + start }, residual: tail.residual.map { $0 + start },
            residual_stride: tail.residualStride, activation: tail.activationCode,
            y: tail.y + start * (tail.isNarrow ? 2 : 4), y_stride: tail.yStride, narrow: tail.isNarrow ? 1 : 0,
            low: nil, low_stride: 0, rank: 0, low_panels: nil)
        withLowRank(tail.lowRank, start, &target) { target in
            panels.withUnsafePointer { panels in
                scales.withUnsafeBufferPointer { scales in
                    sums.withUnsafeBufferPointer { sums in
                        var packed = attune_panels(
                            panels: panels + start / Self.panelWidth * self.panels.columns, inputs: inputs,
                            outputs: columns.count, scales: scales.baseAddress.map { $0 + start },
                            sums: sums.baseAddress.map { $0 + start })
                        switch precision {
                        case .f32: kernels.product_f32(&operand, &packed, &target)
                        case .bf16: kernels.product_bf16(&operand, &packed, &target)
                        case .int8: kernels.product_int8(&operand, &packed, &target)
                        }
                    }
                }
            }
        }
    }

    /// Some columns of y = x · Wᵀ + bias (+ y) in float32.
    ///
    /// - Parameters:
    ///   - x: `[rows, inputs]`, rows `xStride` floats apart.
    ///   - columns: Of y; begins at a multiple of ``panelWidth``, and ends at one or at the last output.
    ///   - bias: `[outputs]`, or nil.
    ///   - y: The whole row's start, `[rows, outputs]`, rows `yStride` floats apart.
    ///   - accumulating: Whether the product is added to what y holds.
    public func multiply(
        _ x: UnsafePointer<Float>, xStride: Int, rows: Int, columns: Range<Int>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, yStride: Int, accumulating: Bool = false
    ) {
        precondition(precision == .f32, "float32 activations for weights in \(precision)")
        var tail = ProductTail(y: y, yStride: yStride)
        tail.bias = bias
        if accumulating {
            tail.residual = UnsafePointer(y)
            tail.residualStride = yStride
        }
        multiply(ProductInput(values: x, stride: xStride, rows: rows), columns: columns, tail: tail)
    }

    private func withLowRank(
        _ lowRank: ProductTail.LowRank?, _ start: Int, _ target: inout attune_tail,
        _ body: (inout attune_tail) -> Void
    ) {
        guard let lowRank else { return body(&target) }
        precondition(lowRank.weight.outputs == outputs, "a low-rank term of another width")
        target.low = lowRank.values
        target.low_stride = lowRank.stride
        target.rank = lowRank.weight.inputs
        lowRank.weight.panels.withUnsafePointer {
            target.low_panels = $0 + start * lowRank.weight.inputs
            body(&target)
        }
    }
}

extension Precision {
    var code: attune_precision {
        switch self {
        case .f32: attune_precision_f32
        case .bf16: attune_precision_bf16
        case .int8: attune_precision_int8
        }
    }
}

extension ProductTail {
    var activationCode: attune_activation {
        switch activation {
        case nil: attune_activation_none
        case .exact?: isActivationShort ? attune_activation_gelu_short : attune_activation_gelu_erf
        case .tanh?: attune_activation_gelu_tanh
        }
    }
}
