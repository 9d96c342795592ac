internal import Files

/// A memory-mapped safetensors file.
///
/// Everything that the header says is checked when the file is opened, as the format's own library does: sizes, element types, shapes
/// against byte ranges, and that the ranges cover the file without holes or overlaps.
/// https://github.com/huggingface/safetensors#format
public struct SafetensorsFile: Sendable {
    /// The largest header that is read, in bytes: the format's own limit.
    public static let headerLimit = 100_000_000

    /// The path that the file was opened by.
    public let path: String

    /// The header's `__metadata__`.
    public let metadata: [String: String]

    private let file: MappedFile
    private let entries: [String: SafetensorsHeader.Entry]
    private let dataOffset: Int

    /// Maps a file and checks its header.
    public init(path: String) throws(ModelFilesError) {
        self.path = path
        let file = try ModelFilesError.wrapping { () throws(FilesError) in try MappedFile(path: path) }
        let header = try SafetensorsHeader(of: file)
        (self.file, entries, metadata, dataOffset) = (file, header.entries, header.metadata, header.dataOffset)
    }

    /// Gives back the memory of what was read so far; tensors stay valid and are read again when they are touched.
    public func releasePages() { file.releasePages() }

    /// The names of all tensors, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// A tensor; nil where the file has none of that name.
    public func tensor(_ name: String) -> Tensor? {
        entries[name].map {
            Tensor(name: name, type: $0.type, shape: $0.shape, file: file, offset: dataOffset + $0.range.lowerBound)
        }
    }

    /// A tensor that must be there, with this shape.
    public func require(_ name: String, shape: [Int]) throws(ModelFilesError) -> Tensor {
        guard let tensor = tensor(name) else { throw .missingTensor(path: path, name: name) }
        guard tensor.shape == shape else {
            throw .wrongShape(path: path, tensor: name, expected: shape, found: tensor.shape)
        }
        return tensor
    }
}
