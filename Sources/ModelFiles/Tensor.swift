internal import Files
public import VectorMath

/// A named array in a safetensors file, where it stands in the mapped file. Row-major.
public struct Tensor: Sendable {
    /// The name in the file.
    public let name: String

    /// The type of the elements in the file.
    public let type: TensorType

    /// The sizes of the dimensions; empty for a single number.
    public let shape: [Int]

    private let file: MappedFile
    private let offset: Int

    /// The caller has checked that the bytes lie within the file.
    init(name: String, type: TensorType, shape: [Int], file: MappedFile, offset: Int) {
        (self.name, self.type, self.shape, self.file, self.offset) = (name, type, shape, file, offset)
    }

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }

    /// The elements as they stand in the file, at any alignment.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try file.withUnsafeBytes { (bytes) throws(E) in
            try body(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count * type.size]))
        }
    }

    /// The elements as floats, row-major. 64-bit types are rounded.
    public func floats() -> [Float] {
        [Float](unsafeUninitializedCapacity: count) { buffer, initializedCount in
            withUnsafeBytes { type.convert($0, to: buffer) }
            initializedCount = count
        }
    }

    /// The elements as whole numbers; fractions are cut off.
    public func integers() -> [Int] {
        withUnsafeBytes { bytes in
            switch type {
            case .int64: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Int64.self)) }
            case .int32: (0..<count).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self)) }
            case .uint64:
                (0..<count).map { Int(clamping: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
            default: floats().map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
            }
        }
    }

    /// The tensor as a matrix: a vector becomes one row, a matrix stays what it is.
    ///
    /// 32-bit floats are not copied: the view keeps the file mapped. Other types are converted.
    ///
    /// - Throws: `wrongShape` when it has other than one or two dimensions.
    public func matrix() throws(ModelFilesError) -> MatrixView<Float> {
        guard (1...2).contains(shape.count) else {
            throw .wrongShape(path: file.path, tensor: name, expected: [-1, -1], found: shape)
        }
        let rows = shape.count == 1 ? 1 : shape[0]
        let columns = shape[shape.count - 1]
        let address = file.baseAddress + offset
        if type == .float32, Int(bitPattern: address) % MemoryLayout<Float>.alignment == 0, count > 0 {
            return MatrixView(
                unsafeBase: address.assumingMemoryBound(to: Float.self), rows: rows, columns: columns,
                stride: columns, owner: file)
        }
        return Matrix(rows: rows, columns: columns, elements: floats()).view
    }
}
