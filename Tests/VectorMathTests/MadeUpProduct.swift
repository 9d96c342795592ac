import CAttuneKernels
import VectorMath

/// A product of random numbers by the C kernels of any instruction set, and what it comes to in double precision.
struct MadeUpProduct {
    /// Activations in the form that products of a precision read, and the numbers that they stand for.
    struct Activations {
        let precision: Precision
        let stride: Int
        private var floats: Matrix<Float>
        private var bytes: [UInt8]
        private var narrow: [UInt16]
        private var scales: [Float]
        private var zeros: [Int32]

        init(_ x: Matrix<Float>, precision: Precision, hasScales: Bool = true) {
            self.precision = precision
            stride = (x.columns + 3) / 4 * 4
            floats = Matrix(rows: x.rows, columns: stride)
            bytes = [UInt8](repeating: 0, count: x.rows * stride)
            narrow = [UInt16](repeating: 0, count: x.rows * stride)
            scales = [Float](repeating: 1, count: x.rows)
            zeros = [Int32](repeating: 0, count: x.rows)
            for i in 0..<x.rows {
                let row = x.row(i)
                floats.setRow(i, to: row + [Float](repeating: 0, count: stride - x.columns))
                for (j, value) in row.enumerated() { narrow[i * stride + j] = BFloat16(value).bits }
                let base = i * stride
                let (scale, zero) = bytes.withUnsafeMutableBufferPointer {
                    RowKernels.quantize(row, count: row.count, into: $0.baseAddress! + base)
                }
                if hasScales { (scales[i], zeros[i]) = (scale, zero) }
            }
        }

        func value(_ i: Int, _ j: Int) -> Double {
            switch precision {
            case .f32: Double(floats[i, j])
            case .bf16: Double(Float(BFloat16(bits: narrow[i * stride + j])))
            case .int8: Double(scales[i]) * Double(Int32(bytes[i * stride + j]) - zeros[i])
            }
        }

        func withInput<Result>(_ rows: Range<Int>, _ body: (ProductInput) -> Result) -> Result {
            floats.withUnsafePointer { floats in
                bytes.withUnsafeBufferPointer { bytes in
                    narrow.withUnsafeBufferPointer { narrow in
                        scales.withUnsafeBufferPointer { scales in
                            zeros.withUnsafeBufferPointer { zeros in
                                let start = rows.lowerBound
                                let values: UnsafeRawPointer =
                                    switch precision {
                                    case .f32: UnsafeRawPointer(floats + start * self.floats.stride)
                                    case .bf16: UnsafeRawPointer(narrow.baseAddress! + start * stride)
                                    case .int8: UnsafeRawPointer(bytes.baseAddress! + start * stride)
                                    }
                                return body(
                                    ProductInput(
                                        values: values, stride: precision == .f32 ? self.floats.stride : stride,
                                        rows: rows.count, scales: scales.baseAddress! + start,
                                        zeros: zeros.baseAddress! + start))
                            }
                        }
                    }
                }
            }
        }
    }

    let x: Activations
    let weight: Matrix<Float>
    let rows: Int
    let outputs: Int
    let inputs: Int
    private let precision: Precision
    private var panels: [UInt8]
    private let packedOffset: Int
    private var scales: [Float]
    private var sums: [Int32]
    private var bias: [Float]?
    private var factors: [Float]?
    private var residual: Matrix<Float>?
    private var low: Matrix<Float>?
    private var up: Matrix<Float>?
    var activation: GELU?
    var isActivationShort = false
    var isNarrow = false

    init(rows: Int, inputs: Int, outputs: Int, precision: Precision, hasScales: Bool = true) {
        x = Activations(randomMatrix(rows, inputs, seed: 1), precision: precision, hasScales: hasScales)
        let weight = randomMatrix(outputs, inputs, seed: 2)
        self.weight = weight
        (self.rows, self.inputs, self.outputs, self.precision) = (rows, inputs, outputs, precision)
        let whole = (outputs + 31) / 32 * 32
        scales = [Float](repeating: 1, count: whole)
        sums = [Int32](repeating: 0, count: whole)
        var panels = [UInt8](repeating: 0, count: attune_packed_bytes(Self.code(precision), inputs, outputs) + 64)
        var (scales, sums) = (self.scales, self.sums)
        packedOffset = panels.withUnsafeMutableBytes { buffer in
            let offset = (64 - Int(bitPattern: buffer.baseAddress!) % 64) % 64
            let to = buffer.baseAddress! + offset
            weight.withUnsafePointer { base in
                let stride = weight.stride
                let scratch = UnsafeMutableRawPointer.allocate(
                    byteCount: attune_pack_scratch(Self.code(precision), inputs), alignment: 64)
                defer { scratch.deallocate() }
                attune_pack(
                    attune_kernels_for("scalar")!, Self.code(precision), base, stride, 1, inputs, outputs, to, &scales,
                    &sums, scratch)
            }
            return offset
        }
        self.panels = panels
        self.sums = sums
        if hasScales { self.scales = scales }
    }

    /// Adds a factor a row, a bias, a residual and a low-rank term.
    mutating func addEverything(rank: Int) {
        factors = randomFloats(rows, seed: 7)
        bias = randomFloats(outputs, seed: 3)
        residual = randomMatrix(rows, outputs, seed: 4)
        low = randomMatrix(rows, rank, seed: 5)
        up = randomMatrix(outputs, rank, seed: 6)
    }

    /// The product in double precision, of the numbers that the packed forms stand for.
    func expected(_ i: Int, _ j: Int) -> Double {
        var sum = 0.0
        for k in 0..<inputs { sum += x.value(i, k) * weightValue(j, k) }
        if let low, let up { for k in 0..<low.columns { sum += Double(low[i, k]) * Double(up[j, k]) } }
        sum = sum * Double(factors?[i] ?? 1) + Double(bias?[j] ?? 0) + Double(residual?[i, j] ?? 0)
        switch activation {
        case nil: return sum
        case .exact?: return Reference.geluExact(sum)
        case .tanh?: return Reference.geluTanh(sum)
        }
    }

    private func weightValue(_ j: Int, _ k: Int) -> Double {
        switch precision {
        case .f32: return Double(weight[j, k])
        case .bf16: return Double(Float(BFloat16(weight[j, k])))
        case .int8:
            let place = ((j / 32 * ((inputs + 3) / 4) + k / 4) * 32 + j % 32) * 4 + k % 4
            return Double(scales[j]) * Double(Int8(bitPattern: panels[packedOffset + place]))
        }
    }

    /// The product of some rows by the kernels of an instruction set.
    func run(_ set: InstructionSet, rows: Range<Int>? = nil) -> Matrix<Float> {
        let rows = rows ?? 0..<self.rows
        var packedUp = Matrix<Float>(rows: 1, columns: (outputs + 31) / 32 * 32 * (low?.columns ?? 1))
        if let up {
            packedUp.withUnsafeMutablePointer { packed in
                up.withUnsafePointer { attune_pack_f32($0, up.stride, 1, up.columns, outputs, packed) }
            }
        }
        var y = Matrix<Float>(rows: rows.count, columns: outputs)
        var narrow = [UInt16](repeating: 0, count: rows.count * outputs)
        let table = attune_kernels_for(set.rawValue)!.pointee
        var aligned = Matrix<Float>(rows: 1, columns: (panels.count + 3) / 4)
        aligned.withUnsafeMutablePointer { aligned in
            panels.withUnsafeBytes { bytes in
                UnsafeMutableRawPointer(aligned).copyMemory(
                    from: bytes.baseAddress! + packedOffset, byteCount: bytes.count - packedOffset)
            }
            var weights = attune_panels(panels: aligned, inputs: inputs, outputs: outputs, scales: nil, sums: nil)
            scales.withUnsafeBufferPointer { scales in
                sums.withUnsafeBufferPointer { sums in
                    weights.scales = scales.baseAddress
                    weights.sums = sums.baseAddress
                    withTail(&y, &narrow, packedUp, rows) { tail in
                        x.withInput(rows) { input in
                            var operand = attune_operand(
                                values: input.values, stride: input.stride, rows: input.rows, scales: input.scales,
                                zeros: input.zeros)
                            switch precision {
                            case .f32: table.product_f32(&operand, &weights, &tail)
                            case .bf16: table.product_bf16(&operand, &weights, &tail)
                            case .int8: table.product_int8(&operand, &weights, &tail)
                            }
                        }
                    }
                }
            }
        }
        guard isNarrow else { return y }
        return Matrix(
            rows: rows.count, columns: outputs, elements: narrow.map { Float(BFloat16(bits: $0)) })
    }

    private func withTail(
        _ y: inout Matrix<Float>, _ narrow: inout [UInt16], _ packedUp: Matrix<Float>, _ rows: Range<Int>,
        _ body: (inout attune_tail) -> Void
    ) {
        let (yStride, first) = (isNarrow ? outputs : y.stride, rows.lowerBound)
        let empty = Matrix<Float>(rows: 1, columns: 1)
        let (residual, low) = (self.residual ?? empty, self.low ?? empty)
        y.withUnsafeMutablePointer { y in
            narrow.withUnsafeMutableBufferPointer { narrow in
                residual.withUnsafePointer { residualBase in
                    low.withUnsafePointer { lowBase in
                        packedUp.withUnsafePointer { packedUp in
                            withVectors(from: first) { bias, factors in
                                var tail = attune_tail(
                                    row_factors: factors, bias: bias,
                                    residual: self.residual == nil ? nil : residualBase + first * residual.stride,
                                    residual_stride: residual.stride, activation: activationCode,
                                    y: isNarrow
                                        ? UnsafeMutableRawPointer(narrow.baseAddress!) : UnsafeMutableRawPointer(y),
                                    y_stride: yStride, narrow: isNarrow ? 1 : 0,
                                    low: self.low == nil ? nil : lowBase + first * low.stride,
                                    low_stride: low.stride, rank: low.columns, low_panels: packedUp)
                                body(&tail)
                            }
                        }
                    }
                }
            }
        }
    }

    private func withVectors(
        from first: Int, _ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) -> Void
    ) {
        guard let bias, let factors else { return body(nil, nil) }
        bias.withUnsafeBufferPointer { bias in
            factors.withUnsafeBufferPointer { body(bias.baseAddress, $0.baseAddress! + first) }
        }
    }

    private var activationCode: attune_activation {
        switch activation {
        case nil: attune_activation_none
        case .exact?: isActivationShort ? attune_activation_gelu_short : attune_activation_gelu_erf
        case .tanh?: attune_activation_gelu_tanh
        }
    }

    private static func code(_ precision: Precision) -> attune_precision {
        switch precision {
        case .f32: attune_precision_f32
        case .bf16: attune_precision_bf16
        case .int8: attune_precision_int8
        }
    }
}
