import Harness
import VectorMath

/// Products of a run of tokens with weights: packed once by our kernels in every precision, and by OpenBLAS, which chooses its
/// own level. Packing weights and activations is not counted.
enum Products {
    static let shapes = [
        (2048, 384, 384), (2048, 1536, 384), (2048, 384, 1536), (2048, 768, 768), (2048, 3072, 768), (12, 384, 384),
        (12, 1536, 384), (12, 384, 1536),
    ]

    static func measure() -> [Row] {
        shapes.flatMap { m, n, k in
            let x = randomMatrix(m, k)
            let weight = randomMatrix(n, k, seed: 2)
            let flops = 2 * Double(m * n * k)
            let shape = "\(m), \(n), \(k)"
            var rows = Precision.allCases.filter(isWorthwhile).map { precision in
                Row(
                    "product \(precision)", shape, seconds: seconds(x, PackedMatrix(weight.view, precision: precision)),
                    flops: flops)
            }
            if InstructionSet.current == InstructionSet.available.last {
                var y = Matrix<Float>(rows: m, columns: n)
                let blas = Timing.median { multiply(x.view, weight.view, transposingSecond: true, into: &y) }
                rows.append(Row("product f32, OpenBLAS", shape, isa: "its own", seconds: blas, flops: flops))
            }
            return rows
        }
    }

    /// The scalar forms of reduced precision take minutes and tell nothing.
    private static func isWorthwhile(_ precision: Precision) -> Bool {
        precision == .f32 || InstructionSet.current != .scalar
    }

    private static func seconds(_ x: Matrix<Float>, _ packed: PackedMatrix) -> Double {
        let (rows, width) = (x.rows, x.columns)
        let arena = Arena(byteCount: rows * width * 4 + rows * packed.outputs * 4 + rows * 8 + 1024)
        let values = UnsafeMutableRawPointer(arena.take(UInt8.self, count: rows * width * 4))
        let (scales, zeros) = (arena.take(Float.self, count: rows), arena.take(Int32.self, count: rows))
        for i in 0..<rows {
            let row = x.row(i)
            switch packed.precision {
            case .f32: (values.assumingMemoryBound(to: Float.self) + i * width).update(from: row, count: width)
            case .bf16:
                Convert.bfloat16s(
                    from: row, into: values.assumingMemoryBound(to: BFloat16.self) + i * width, count: width)
            case .int8:
                (scales[i], zeros[i]) = RowKernels.quantize(
                    row, count: width, into: values.assumingMemoryBound(to: UInt8.self) + i * width)
            }
        }
        let input = ProductInput(values: values, stride: width, rows: rows, scales: scales, zeros: zeros)
        let y = arena.take(Float.self, count: rows * packed.outputs)
        let tail = ProductTail(y: y, yStride: packed.outputs)
        return Timing.median { packed.multiply(input, columns: 0..<packed.outputs, tail: tail) }
    }
}
