internal import VectorMath

/// The centres of partitions, in half precision, and what ranks them.
final class PartitionCentres: @unchecked Sendable {
    let count: Int
    let width: Int
    /// `[P, width]`
    let halves: Matrix<Float16>
    /// |c|²
    let lengths: [Float]
    /// One-bit codes of the centres around the origin, in blocks.
    let roots: Matrix<UInt8>

    /// - Parameter centres: `[P, width]`, of numbers that half precision has.
    init(_ centres: MatrixView<Float>) {
        let (count, width, stride) = (centres.rows, centres.columns, centres.stride)
        (self.count, self.width) = (count, width)
        var halves = Matrix<Float16>(rows: count, columns: width)
        precondition(halves.stride == width, "centres of \(width) coordinates have gaps")
        let layout = ExtendedLayout(width: width, bits: 0)
        var roots = Matrix<UInt8>(rows: 1, columns: max(1, layout.codeSize(count)))
        var scratch = Matrix<Float>(rows: 2, columns: width)
        var lengths: [Float] = []
        centres.withUnsafePointer { centres in
            halves.withUnsafeMutablePointer { halves in
                roots.withUnsafeMutablePointer { roots in
                    scratch.withUnsafeMutablePointer { scratch in
                        for place in 0..<count {
                            let centre = centres + place * stride
                            PartitionKernels.half(centre, count: width, into: halves + place * width)
                            layout.put(
                                centre, centre: scratch, addend: 0, into: roots, count: count, slot: place,
                                scratch: scratch + width)
                            lengths.append(Float(CodeKernels.norms(centre, count: width).squares))
                        }
                    }
                }
            }
        }
        self.lengths = lengths
        // Of the rows behind the blocks nothing is read.
        var blocks = Matrix<UInt8>(rows: 1, columns: max(1, layout.blocks(count) * layout.blockSize))
        blocks.setRow(0, to: Array(roots.row(0).prefix(blocks.columns)))
        (self.halves, self.roots) = (halves, blocks)
    }

    /// Centres of a file.
    init(width: Int, halves: Matrix<Float16>, lengths: [Float], roots: Matrix<UInt8>) {
        (count, self.width) = (halves.rows, width)
        (self.halves, self.lengths, self.roots) = (halves, lengths, roots)
    }

    /// The centres as numbers, `[P, width]`.
    var floats: Matrix<Float> {
        var floats = Matrix<Float>(rows: count, columns: width)
        let stride = floats.stride
        floats.withUnsafeMutablePointer { floats in
            halves.withUnsafePointer { halves in
                for place in 0..<count {
                    PartitionKernels.widen(halves + place * width, count: width, into: floats + place * stride)
                }
            }
        }
        return floats
    }

    func widen(_ place: Int, into centre: UnsafeMutablePointer<Float>) {
        halves.withUnsafePointer { PartitionKernels.widen($0 + place * width, count: width, into: centre) }
    }
}
