package v1alpha1

// InfoType says how a field of INFO is read.
//
// +kubebuilder:validation:Enum=Gauge;Rate
type InfoType string

// Types of a field of INFO.
const (
	InfoGauge InfoType = "Gauge"
	InfoRate  InfoType = "Rate"
)

// InfoFold says how the values of several nodes become one.
//
// +kubebuilder:validation:Enum=Sum;Max;Min
type InfoFold string

// Folds of a field of INFO.
const (
	InfoSum InfoFold = "Sum"
	InfoMax InfoFold = "Max"
	InfoMin InfoFold = "Min"
)

// InfoSource names a field of INFO.
//
// +kubebuilder:validation:XValidation:rule="!has(self.fold) || self.fold == 'Sum' || self.type == 'Gauge'",fieldPath=".fold",message="fold must be Sum for type Rate, or left out"
type InfoSource struct {
	// field is the name of the field as INFO ALL writes it, for example
	// instantaneous_ops_per_sec. Its value must be a number. INFO ALL leaves out the
	// fields of modules, such as those of RediSearch.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_.|-]+$')",message="field must be the name of a field of INFO, for example instantaneous_ops_per_sec"
	Field string `json:"field"`

	// type is Gauge for a level, which is served as it is, or Rate for a counter,
	// whose growth per second over spec.sampling.window is served.
	// +required
	Type InfoType `json:"type"`

	// fold makes one value of those of the primaries of a cluster: Sum, which is the
	// default, or Max or Min, as a ratio or an age needs.
	// +optional
	Fold InfoFold `json:"fold,omitempty"`
}
